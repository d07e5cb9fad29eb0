package run

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

// decide says what an outcome means: the task is done, another call is still
// in flight, or another attempt follows.
func (r *Run) decide(ctx context.Context, c *call) (done bool, err error) {
	out := c.out
	if r.record.ended() {
		return r.complement(ctx, c) // somebody else was first, or it was deleted
	}
	running := c.running()
	if running == nil {
		return true, errDeposed
	}
	last := *running
	last.Outcome, last.Class, last.Code, last.PriceFen = out.Result, out.Class, out.Code, price(last, out)
	r.deps.Metrics.attempts.WithLabelValues(last.Provider, string(out.Result), string(out.Class)).Inc()
	switch {
	case out.Result == task.OK:
		return r.decided(ctx, r.succeed(ctx, out))
	case out.Class == task.ClassContent && !r.record.now().Canceling:
		return r.decided(ctx, r.end(ctx, task.Failed, out, task.Fail(fault.ContentRefused)))
	}
	r.account(last)
	if out.Result == task.Unknown {
		r.unsure = append(r.unsure, last)
	}
	if r.inFlight() > 0 {
		return false, r.fail(ctx, out)
	}
	if r.record.now().Canceling {
		return true, r.end(ctx, task.Canceled, out, nil)
	}
	return r.fallBack(ctx, out, last)
}

// decided follows a decision: what is still in flight is called off and booked
// by what becomes of it, while the person has their answer.
func (r *Run) decided(ctx context.Context, err error) (done bool, _ error) {
	if err != nil || r.inFlight() == 0 {
		return true, err
	}
	r.Nudge()
	if err := r.deps.Settler.Settle(ctx, r.job, r.record.now()); err != nil {
		r.log.Warn("task not settled yet", "task", r.job.ID, "err", err)
	}
	return false, nil
}

// complement writes the outcome of a call that no longer decides anything.
func (r *Run) complement(ctx context.Context, c *call) (done bool, err error) {
	a := c.attempt
	r.deps.Metrics.attempts.WithLabelValues(a.Provider, string(c.out.Result), string(c.out.Class)).Inc()
	if c.out.Class == task.ClassCanceled {
		r.port.Beaten(a.Provider, r.deps.since(a.StartedAt))
	}
	err = r.record.amend(ctx, func(rec *task.Record) { r.complete(rec, c.out) })
	if err == nil && r.inFlight() == 0 {
		err = errEnded
	}
	return err != nil, err
}

// fallBack goes on after the last call in flight failed, or ends the task.
func (r *Run) fallBack(ctx context.Context, out workerrpc.Outcome, last task.Attempt) (done bool, err error) {
	again := len(r.plan()) > 0 && len(r.record.now().Attempts) < mostEntries
	if again {
		if again, err = r.afterUnknown(ctx); err != nil {
			return true, err
		}
	}
	if !again {
		return true, r.exhausted(ctx, out)
	}
	if err := r.fail(ctx, out); err != nil {
		return true, err
	}
	return false, r.pause(ctx, r.pace(last, time.Duration(out.RetryAfter)*time.Millisecond))
}

// account remembers what an ended attempt says about its provider and its
// worker.
func (r *Run) account(a task.Attempt) {
	if unserved(a) || a.Outcome == task.Unknown {
		r.avoidWorker(a.Worker)
	}
	r.paid += a.PriceFen
	if a.Class == task.ClassRate {
		r.rateLimited = true // it costs the task nothing: the provider is left alone by all
		return
	}
	if a.Outcome != task.NotSent {
		r.reached++
	}
	switch {
	case unserved(a): // no fault of the provider
	case a.Class == task.ClassInput, a.Class == task.ClassAuth, a.Class == task.ClassQuota:
		r.tried[a.Provider] = perProvider // it would say the same again
	default:
		r.tried[a.Provider]++
	}
}

// unserved reports whether no worker took the attempt, so that it says
// nothing about the provider.
func unserved(a task.Attempt) bool {
	return a.Outcome == task.NotSent && (a.Class == task.ClassBusy || workerrpc.Refused(fault.Code(a.Code)))
}

// plan is what the scheduler plans for the task without the providers that
// had their chances: those that failed less often first, stand-ins last. When
// the task had all its attempts, only stand-ins are left.
func (r *Run) plan() []routing.Step { return r.planAfter(r.paid) }

// planAfter is the plan once the task has paid so much.
func (r *Run) planAfter(paid int64) []routing.Step {
	steps := r.port.Plan(r.job, paid)
	if len(r.tried) == 0 {
		return steps
	}
	spent := r.reached >= r.deps.Router.Config().MaxAttempts
	left := slices.DeleteFunc(slices.Clone(steps), func(s routing.Step) bool {
		return r.tried[s.Name] >= perProvider || (spent && !s.Degraded)
	})
	slices.SortStableFunc(left, func(a, b routing.Step) int {
		return cmp.Or(a.Rank()-b.Rank(), r.tried[a.Name]-r.tried[b.Name])
	})
	return left
}

// pace decides how long the task pauses after a failed attempt. A provider
// that failed rests as long as it asked for, else a little longer each time;
// the task waits for it only when no other provider is left. When no worker
// took the attempt the next one is asked at once, later ones after a while.
func (r *Run) pace(last task.Attempt, asked time.Duration) time.Duration {
	if unserved(last) {
		if r.unserved++; r.unserved == 1 {
			return 0
		}
		return backoff << min(4, r.unserved-2)
	}
	now := r.deps.Now()
	r.rest[last.Provider] = now.Add(min(mostBackoff, cmp.Or(asked, backoff<<min(4, len(r.record.now().Attempts)-1))))
	wait := mostBackoff
	plan := r.plan()
	for _, s := range plan {
		if s.Degraded == plan[0].Degraded { // a stand-in does not come before real models
			wait = min(wait, r.rest[s.Name].Sub(now))
		}
	}
	return wait
}

// pause waits before the next attempt, or until a cancel.
func (r *Run) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	over := time.After(d)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-over:
			return nil
		case <-r.poked:
			if err := r.record.reload(ctx); err != nil || r.record.now().Canceling {
				return err
			}
		}
	}
}

// afterUnknown applies fallback.unknown to what may have been billed since
// the last attempt but hedges. What costs nothing may always go on.
func (r *Run) afterUnknown(ctx context.Context) (next bool, err error) {
	fen := int64(0)
	for _, a := range r.unsure {
		fen += a.PriceFen
	}
	config := r.deps.Router.Config()
	switch {
	case fen == 0:
		next = true
	case config.Unknown != routing.UnknownNext:
		return false, nil // "wait" has waited in recover, until the attempt's own timeout
	default:
		next, err = r.deps.Billing.AllowDoublePay(ctx, fen, config.DoublePayFenPerDay, r.deps.Now())
	}
	if next {
		r.unsure = nil
	}
	return next, err
}
