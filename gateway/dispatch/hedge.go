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
	hedgeWindow  = 10 * time.Minute
	hedgeBuckets = 10
	hedgeAgain   = 500 * time.Millisecond // when nothing was free for it
	hedgeSamples = 20                     // successes before a provider's own pace is believed
	hedgeSoonest = 200 * time.Millisecond // what is quicker is not worth a second payment
	never        = 24 * time.Hour
)

// hedging keeps hedges within their share of all attempts. A new term begins
// without any, and so without the right to hedge.
type hedging struct {
	counts [hedgeBuckets]struct{ all, hedges int }
	bucket int64
}

func (h *hedging) count(now time.Time, hedge bool) {
	h.roll(now)
	c := &h.counts[h.bucket%hedgeBuckets]
	c.all++
	if hedge {
		c.hedges++
	}
}

// allows reports whether one more hedge stays within the share.
func (h *hedging) allows(now time.Time, share float64) bool {
	h.roll(now)
	all, hedges := 1, 1
	for _, c := range h.counts {
		all, hedges = all+c.all, hedges+c.hedges
	}
	return float64(hedges) <= share*float64(all)
}

func (h *hedging) roll(now time.Time) {
	bucket := now.UnixNano() / int64(hedgeWindow/hedgeBuckets)
	for n := min(bucket-h.bucket, hedgeBuckets); n > 0; n-- {
		h.counts[(bucket-n+1)%hedgeBuckets].all, h.counts[(bucket-n+1)%hedgeBuckets].hedges = 0, 0
	}
	h.bucket = max(bucket, h.bucket)
}

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
	if v := w.health.vendors[a.Provider]; v != nil && v.took.n >= hedgeSamples {
		v.summarise()
		after = time.Duration(v.p95 * float64(time.Second))
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
	w.lead.mu.Lock()
	steps := w.hedges(*first)
	var s *slot
	if len(steps) > 0 && w.hedging.allows(time.Now(), w.Router.Config().HedgeBudget) {
		n := w.need()
		n.steps, n.attempt, n.stalled = steps, true, false
		s = w.slots.take(n)
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
		if s.Name == slow.Provider || s.Degraded || s.PriceFen > w.mostFen()-w.paid-slow.PriceFen {
			continue
		}
		if v := w.health.vendors[s.Name]; v != nil && v.pace.n >= hedgeSamples && v.pace.median() > so {
			continue
		}
		out = append(out, s)
	}
	return out
}
