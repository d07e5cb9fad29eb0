package run

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

// untilHedge is when the call in flight is slower than 19 of 20 of its
// provider's, or than people are asked to bear when those are too few.
func (r *Run) untilHedge() time.Duration {
	config, a := r.deps.Router.Config(), r.alone()
	if a == nil || config.HedgeBudget <= 0 {
		return never
	}
	after, known := r.port.Slow(a.Provider)
	if !known {
		after = config.NoticeAfter
	}
	return max(0, r.deps.until(a.StartedAt.Add(max(after, hedgeSoonest))))
}

// alone is the one attempt of a task that may be hedged: the only one in
// flight, its picture is not made, and nothing was hedged yet.
func (r *Run) alone() *task.Attempt {
	rec := r.record.now()
	if r.inFlight() != 1 || gone(rec) || rec.Canceling {
		return nil
	}
	if slices.ContainsFunc(rec.Attempts, func(a task.Attempt) bool { return a.Hedge }) {
		return nil
	}
	if a := rec.Running(); a != nil && a.Kept == task.KeptNowhere {
		return a
	}
	return nil
}

// hedge starts a second call at another provider when policy allows it, and
// returns when to look again.
func (r *Run) hedge(ctx, calls context.Context) (again time.Duration, _ error) {
	first := r.alone()
	if first == nil || len(r.record.now().Attempts) >= mostEntries {
		return never, nil
	}
	w := r.slotRequest()
	w.Retry, w.Steps = true, func() []routing.Step { return r.hedges(*first) }
	s, hopeless := r.port.Hedge(w, r.deps.since(first.StartedAt))
	switch {
	case hopeless:
		return never, nil
	case s == nil:
		return hedgeAgain, nil
	}
	a, err := r.begin(ctx, s, func(_ *task.Record, a *task.Attempt) task.Event {
		a.Hedge = true
		return task.EventProgress
	})
	if err != nil {
		r.port.Release(s)
		if errors.Is(err, errCanceling) || errors.Is(err, errEnded) {
			r.Nudge() // its call finds out
			return never, nil
		}
		return 0, err
	}
	r.deps.Metrics.hedges.WithLabelValues(first.Provider, a.Provider).Inc()
	r.launch(calls, a, s, false)
	return never, nil
}

// hedges are the real models beside the one that is slow, as far as the task
// may pay for both.
func (r *Run) hedges(slow task.Attempt) []routing.Step {
	return slices.DeleteFunc(slices.Clone(r.planAfter(r.paid+slow.PriceFen)), func(s routing.Step) bool {
		return s.Name == slow.Provider || s.Degraded
	})
}
