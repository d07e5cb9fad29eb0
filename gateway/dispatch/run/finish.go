package run

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// An election of the engine takes seconds. The books of a task are tried again
// for so long.
const (
	settleMost  = 15 * time.Second
	settleEvery = 250 * time.Millisecond

	// lastAnswer is how long the answer to a task's last revision is waited for
	// when the term has ended.
	lastAnswer = time.Second
)

// complete writes an outcome into its attempt, unless it has one. Number 0 is
// every attempt that still runs.
func (r *Run) complete(rec *task.Record, out workerrpc.Outcome) {
	now := r.deps.Now().UTC()
	for i := range rec.Attempts {
		a := &rec.Attempts[i]
		if a.Outcome != "" || (out.Number != 0 && a.Number != out.Number) {
			continue
		}
		a.EndedAt, a.Outcome, a.Class, a.Code, a.Message = &now, cmp.Or(out.Result, task.Unknown), out.Class, out.Code, out.Message
		a.RequestID = out.RequestID
		a.VendorTask = cmp.Or(out.VendorTask, a.VendorTask)
		a.PriceFen, a.VendorMS = price(*a, out), out.ProviderMS
	}
}

// fail writes the outcome of an attempt after which another follows.
func (r *Run) fail(ctx context.Context, out workerrpc.Outcome) error {
	return r.record.change(ctx, func(rec *task.Record) error {
		r.complete(rec, out)
		if !rec.Canceling && rec.Running() == nil {
			rec.Stage = task.StageRetrying
		}
		return rec.To(task.Running, task.EventProgress)
	})
}

func (r *Run) succeed(ctx context.Context, out workerrpc.Outcome) error {
	n := out.Number
	return r.last(ctx, func(rec *task.Record) error {
		r.complete(rec, out)
		rec.Progress, rec.Stage, rec.Canceling = 100, task.StageDone, false
		rec.Result = &task.Result{
			ImageKey: key(rec, n, image), ThumbnailKey: key(rec, n, thumb),
			Width: out.Width, Height: out.Height, ContentType: out.ContentType, Bytes: out.Bytes,
		}
		return r.finish(rec, task.Succeeded)
	})
}

// exhausted fails a task for which nothing is left to try. When the last call
// may still have been paid for, it says so.
func (r *Run) exhausted(ctx context.Context, out workerrpc.Outcome) error {
	code := cmp.Or(r.port.Lacks(r.job, r.paid), fault.GenerationFailed)
	if out.Result == task.Unknown || len(r.unsure) > 0 {
		code = fault.ProviderUnknown
	}
	return r.end(ctx, task.Failed, out, task.Fail(code))
}

// end finishes a task without a picture, after the attempt that ended it, if
// one did.
func (r *Run) end(ctx context.Context, s task.State, out workerrpc.Outcome, f *task.Failure) error {
	return r.last(ctx, func(rec *task.Record) error {
		r.complete(rec, out)
		rec.Failure, rec.Stage = f, string(s)
		return r.finish(rec, s)
	})
}

// last writes the revision that ends the task, and counts the task: of all
// that try to end it, one is first. A term that ends meanwhile still waits for
// the answer, or nobody would count it.
func (r *Run) last(ctx context.Context, edit func(*task.Record) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := outlast(ctx, lastAnswer)
	defer cancel()
	var end *task.Record
	err := r.record.change(ctx, func(rec *task.Record) error {
		end = rec
		return edit(rec)
	})
	if err == nil {
		r.counted = true
		r.deps.Tally.Ended(end)
	}
	return err
}

// outlast is a context that ends a while after another.
func outlast(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		tick.Wait(longer, d)
		cancel(context.Cause(ctx))
	})
	return longer, func() { stop(); cancel(nil) }
}

func (r *Run) finish(rec *task.Record, s task.State) error {
	now := r.deps.Now().UTC()
	rec.FinishedAt = &now
	return rec.To(s, "")
}

// close settles the books of an ended task and gives its job up. When the
// books cannot be written the job returns and is closed again.
func (r *Run) close(ctx context.Context) {
	rec, log := r.record.now(), r.log
	if rec.Deleted {
		if _, err := r.deps.Objects.DeletePrefix(ctx, prefix(rec)); err != nil {
			log.Warn("objects of a deleted task left behind", "task", r.job.ID, "err", err)
		}
	}
	paid, err := r.settleSoon(ctx, rec)
	if err != nil {
		log.Warn("task not closed, the job returns", "task", r.job.ID, "err", err)
		_ = r.task.Lease.Return(time.Second)
		return
	}
	if err := r.giveUp(ctx, paid); err != nil {
		log.Warn("job not acknowledged", "task", r.job.ID, "err", err)
		return
	}
	r.observe(rec)
	r.port.Finished(rec)
}

// settleSoon settles, again while the engine is away: a job that is returned
// then may be lost on its way, and its person would have a task that counts as
// active for half a minute.
func (r *Run) settleSoon(ctx context.Context, rec *task.Record) (paid bool, err error) {
	for end := time.Now().Add(settleMost); ; {
		paid, err = r.settle(ctx, rec)
		if k := fault.KindOf(err); err == nil || k != fault.Unavailable && k != fault.Timeout || time.Now().After(end) || sleep(ctx, settleEvery) != nil {
			return paid, err
		}
	}
}

// settle writes the books of the task: of its session, of what it has cost,
// and of its experiment. All are on the disk when it returns, but for calls
// that cost nothing: the ledger counts these now and then.
func (r *Run) settle(ctx context.Context, rec *task.Record) (paid bool, err error) {
	if err := r.deps.Settler.Settle(ctx, r.job, rec); err != nil {
		return false, fmt.Errorf("settle task: %w", err)
	}
	expenses, paid := r.costs(rec)
	if !paid {
		r.deps.Ledger.Count(expenses)
	} else {
		if err := r.deps.Ledger.Post(ctx, r.job.ID, r.job.Campaign, expenses); err != nil {
			return paid, fmt.Errorf("book task: %w", err)
		}
		r.deps.Accounts.Release(r.spent...)
		r.spent = nil
	}
	if r.measured() {
		if err := r.deps.Arms.Post(ctx, *r.job.Arm, r.job.ID, experiment.Measure(*r.job.Arm, rec)); err != nil {
			return paid, fmt.Errorf("count task for its experiment: %w", err)
		}
	}
	return paid, nil
}

// measured reports whether an experiment counts the task.
func (r *Run) measured() bool { return r.deps.Arms != nil && r.job.Arm != nil }

// giveUp acknowledges the job. When its task was booked it waits for the
// engine's word, so that the books know that it will not come again.
func (r *Run) giveUp(ctx context.Context, paid bool) error {
	if !paid && !r.measured() {
		return r.task.Lease.Ack()
	}
	err := r.task.Lease.Confirm(ctx)
	if err == nil && paid {
		r.deps.Ledger.Close(r.job.ID)
	}
	if err == nil && r.measured() {
		r.deps.Arms.Close(*r.job.Arm, r.job.ID)
	}
	return err
}

// observe counts the task and writes its one log line; only once, when its
// job is given up.
func (r *Run) observe(rec *task.Record) {
	state := string(rec.State)
	if rec.Deleted {
		state = "deleted"
	}
	r.deps.Metrics.tasks.WithLabelValues(state, strconv.FormatBool(rec.Degraded)).Inc()
	if rec.Deleted && rec.Started() && !r.counted { // one that had not started was canceled first
		r.deps.Tally.Deleted()
	}
	if made, fen := picture(rec); made != nil {
		r.deps.Tally.Delivered(*made, fen)
	}
	took := r.deps.since(r.job.CreatedAt)
	if rec.FinishedAt != nil {
		took = rec.FinishedAt.Sub(r.job.CreatedAt)
	}
	if rec.State == task.Succeeded && rec.StartedAt != nil {
		r.deps.Metrics.taskSeconds.Observe(took.Seconds())
		r.calibrate(took)
	}
	facts := []any{
		"task", rec.ID, "state", state, "attempts", len(rec.Attempts), "duration_ms", took.Milliseconds(),
		"degraded", rec.Degraded, "version", rec.Version,
	}
	if rec.Failure != nil {
		facts = append(facts, "code", string(rec.Failure.Code))
	}
	r.log.Info("task", facts...)
}

// calibrate counts how often the estimates given at accept came true.
func (r *Run) calibrate(took time.Duration) {
	e, m := r.task.Estimate, r.deps.Metrics
	if e.Position == 0 {
		return
	}
	m.estimated.Inc()
	if took.Seconds() <= e.P50 {
		m.byP50.Inc()
	}
	if took.Seconds() <= e.P90 {
		m.byP90.Inc()
	}
}
