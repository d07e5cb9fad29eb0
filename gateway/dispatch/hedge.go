package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	hedgeAgain   = 500 * time.Millisecond // when nothing was free for it
	hedgeSoonest = 200 * time.Millisecond // what is quicker is not worth a second payment
	never        = 24 * time.Hour
)

// untilHedge is when the call under way is slower than 19 of 20 of its
// provider's, or than people are asked to bear when those are too few.
func (w *walk) untilHedge() time.Duration {
	c := w.Router.Config()
	a := w.alone()
	if a == nil || c.HedgeBudget <= 0 {
		return never
	}
	after := c.NoticeAfter
	w.lead.mu.Lock()
	if slow, known := w.health.Slow(a.Provider); known {
		after = slow
	}
	w.lead.mu.Unlock()
	return max(0, time.Until(a.StartedAt.Add(max(after, hedgeSoonest))))
}

// alone is the one attempt of a task that may be hedged: the only one under
// way, and nothing was hedged yet.
func (w *walk) alone() *task.Attempt {
	rec := w.now()
	if w.flying() != 1 || gone(rec) || rec.Canceling {
		return nil
	}
	if slices.ContainsFunc(rec.Attempts, func(a task.Attempt) bool { return a.Hedge }) {
		return nil
	}
	return rec.Running()
}

// hedge starts a second call at another provider when policy allows it, and
// returns when to look again.
func (w *walk) hedge(ctx, air context.Context) (again time.Duration, _ error) {
	first := w.alone()
	if first == nil || len(w.now().Attempts) >= mostEntries {
		return never, nil
	}
	now := time.Now()
	w.lead.mu.Lock()
	steps := w.hedges(*first)
	var s *slot
	if len(steps) > 0 && w.hedging.Allows(now, w.Router.Config().HedgeBudget) {
		n := w.need(now)
		n.steps, n.attempt, n.stalled = steps, true, false
		s = w.slots.take(n, now)
	}
	w.lead.mu.Unlock()
	switch {
	case len(steps) == 0:
		return never, nil
	case s == nil:
		return hedgeAgain, nil
	}
	a, err := w.begin(ctx, s, func(_ *task.Record, a *task.Attempt) task.Event {
		a.Hedge = true
		return task.EventProgress
	})
	if err != nil {
		w.release(s)
		if errors.Is(err, errCanceling) || errors.Is(err, errEnded) {
			w.nudge() // its call finds out
			return never, nil
		}
		return 0, err
	}
	w.metrics.hedges.WithLabelValues(first.Provider, a.Provider).Inc()
	w.launch(air, a, s, false)
	return never, nil
}

// hedges are the real models beside the one that is slow, as far as the task
// may pay for both. One that usually takes as long as the slow call has taken
// already would be paid for nothing. The caller holds the lead's lock.
func (w *walk) hedges(slow task.Attempt) []routing.Step {
	var out []routing.Step
	so := time.Since(slow.StartedAt)
	for _, s := range w.plan() {
		if s.Name != slow.Provider && !s.Degraded && s.PriceFen <= w.mostFen()-w.paid-slow.PriceFen && !w.health.Slower(s.Name, so) {
			out = append(out, s)
		}
	}
	return out
}
