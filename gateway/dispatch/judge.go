package dispatch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	perProvider = 3  // attempts at one provider that fail in a way that may pass
	mostEntries = 16 // attempts of all kinds, also those that no worker took
	backoff     = 200 * time.Millisecond
	mostBackoff = 10 * time.Second
)

// judge decides what an outcome means: the task is done, another call is
// still under way, or another attempt follows.
func (w *walk) judge(ctx context.Context, f *flight) (done bool, err error) {
	out, land := f.out, landing{f.attempt.Number, f.out}
	if w.ended() {
		return w.book(ctx, f) // somebody else was first, or it was deleted
	}
	run := f.running()
	if run == nil {
		return true, errDeposed
	}
	last := *run
	last.Outcome, last.Class, last.Code, last.PriceFen = out.Result, out.Class, out.Code, price(last, out)
	w.metrics.attempts.WithLabelValues(last.Provider, string(out.Result), string(out.Class)).Inc()
	switch {
	case out.Result == task.OK:
		return w.decided(ctx, w.succeed(ctx, land))
	case out.Class == task.ClassContent && !w.now().Canceling:
		return w.decided(ctx, w.end(ctx, task.Failed, land, task.Fail(fault.ContentRefused)))
	}
	w.lead.mu.Lock()
	w.account(last)
	w.lead.mu.Unlock()
	if out.Result == task.Unknown {
		w.unsure = append(w.unsure, last)
	}
	if w.flying() > 0 {
		return false, w.record(ctx, land)
	}
	if w.now().Canceling {
		return true, w.cancel(ctx, land)
	}
	return w.fallBack(ctx, land, last)
}

// decided follows a decision: what still runs is called off and booked by
// what becomes of it, while the person has their answer.
func (w *walk) decided(ctx context.Context, err error) (done bool, _ error) {
	if err != nil || w.flying() == 0 {
		return true, err
	}
	w.nudge()
	if err := w.Settler.Settle(ctx, w.job, w.now()); err != nil {
		w.Logger.Warn("task not settled yet", "task", w.job.ID, "err", err)
	}
	return false, nil
}

// book writes the outcome of a call that no longer decides anything.
func (w *walk) book(ctx context.Context, f *flight) (done bool, err error) {
	a := f.attempt
	w.metrics.attempts.WithLabelValues(a.Provider, string(f.out.Result), string(f.out.Class)).Inc()
	if f.out.Class == task.ClassCanceled {
		w.lead.mu.Lock()
		w.health.Beaten(a.Provider, time.Since(a.StartedAt))
		w.lead.mu.Unlock()
	}
	err = w.amend(ctx, func(r *task.Record) { complete(r, landing{a.Number, f.out}) })
	if err == nil && w.flying() == 0 {
		err = errEnded
	}
	return err != nil, err
}

// fallBack goes on after the last call under way failed, or ends the task.
func (w *walk) fallBack(ctx context.Context, land landing, last task.Attempt) (done bool, err error) {
	again := len(w.plan()) > 0 && len(w.now().Attempts) < mostEntries
	if again {
		if again, err = w.afterUnknown(ctx); err != nil {
			return true, err
		}
	}
	if !again {
		return true, w.exhausted(ctx, land)
	}
	if err := w.record(ctx, land); err != nil {
		return true, err
	}
	return false, w.pause(ctx, w.pace(last, time.Duration(land.out.RetryAfter)*time.Millisecond))
}

// account remembers what an ended attempt says about its provider and its
// worker. The caller holds the lock.
func (w *walk) account(a task.Attempt) {
	if unserved(a) || a.Outcome == task.Unknown {
		w.avoid[a.Worker] = true
	}
	w.paid += a.PriceFen
	if a.Class == task.ClassRate {
		w.moved = true // it costs the task nothing: the provider is left alone by all
		return
	}
	if a.Outcome != task.NotSent {
		w.reached++
	}
	switch {
	case unserved(a): // no fault of the provider
	case a.Class == task.ClassInput, a.Class == task.ClassAuth, a.Class == task.ClassQuota:
		w.tried[a.Provider] = perProvider // it would say the same again
	default:
		w.tried[a.Provider]++
	}
}

// unserved reports whether no worker took the attempt, so that it says
// nothing about the provider.
func unserved(a task.Attempt) bool {
	return a.Outcome == task.NotSent && (a.Class == task.ClassBusy || workerrpc.Refused(fault.Code(a.Code)))
}

// plan is the router's plan without the providers that had their chances:
// those that failed less often first, stand-ins last, and only what the
// task may still cost. When it had all its attempts, only stand-ins are left.
func (w *walk) plan() []routing.Step {
	steps := w.payable(w.route(w.job), w.mostFen()-w.paid, w.job.Campaign)
	if len(w.tried) == 0 {
		return steps
	}
	spent := w.reached >= w.Router.Config().MaxAttempts
	left := make([]routing.Step, 0, len(steps))
	for _, s := range steps {
		if w.tried[s.Name] < perProvider && (s.Degraded || !spent) {
			left = append(left, s)
		}
	}
	slices.SortStableFunc(left, func(a, b routing.Step) int {
		if a.Degraded != b.Degraded {
			if a.Degraded {
				return 1
			}
			return -1
		}
		return w.tried[a.Name] - w.tried[b.Name]
	})
	return left
}

// need is called with the lead's lock held.
func (w *walk) need(now time.Time) need {
	return need{
		steps: w.plan(), region: w.job.Region, campaign: w.job.Campaign, avoid: w.avoid, rest: w.rest, attempt: len(w.tried) > 0 || w.moved,
		waited: now.Sub(w.it.entered), spill: w.config.Spill, stalled: now.Sub(w.asked) >= w.config.Stall,
	}
}

// pace decides how long the task pauses after a failed attempt. A provider
// that failed rests as long as it asked for, else a little longer each time;
// the task waits for it only when no other provider is left. When no worker
// took the attempt the next one is asked at once, later ones after a while.
func (w *walk) pace(last task.Attempt, asked time.Duration) time.Duration {
	if unserved(last) {
		if w.unserved++; w.unserved == 1 {
			return 0
		}
		return backoff << min(4, w.unserved-2)
	}
	now := time.Now()
	w.lead.mu.Lock()
	w.rest[last.Provider] = now.Add(min(mostBackoff, cmp.Or(asked, backoff<<min(4, len(w.now().Attempts)-1))))
	w.lead.mu.Unlock()
	wait := mostBackoff
	plan := w.plan()
	for _, s := range plan {
		if s.Degraded == plan[0].Degraded { // a stand-in does not come before real models
			wait = min(wait, w.rest[s.Name].Sub(now))
		}
	}
	return wait
}

// pause waits before the next attempt, or until a cancel.
func (w *walk) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
			return nil
		case <-w.poked:
			if err := w.reload(ctx); err != nil || w.now().Canceling {
				return err
			}
		}
	}
}

// afterUnknown applies fallback.unknown to what may have been billed since
// the last attempt but hedges. What costs nothing may always go on.
func (w *walk) afterUnknown(ctx context.Context) (next bool, err error) {
	fen := int64(0)
	for _, a := range w.unsure {
		fen += a.PriceFen
	}
	if fen == 0 {
		w.unsure = nil
		return true, nil
	}
	if w.Router.Config().Unknown != routing.UnknownNext {
		return false, nil // "wait" has waited in recover, until the attempt's own timeout
	}
	if next, err = w.billing.AllowDoublePay(ctx, fen, w.Router.Config().DoublePayFenPerDay, time.Now()); next {
		w.unsure = nil
	}
	return next, err
}
