package dispatch

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// landing is an outcome and the attempt that it is of; 0 is every attempt
// that still runs.
type landing struct {
	number int
	out    workerrpc.Outcome
}

// complete writes an outcome into its attempt, unless it has one.
func complete(r *task.Record, l landing) {
	now := time.Now().UTC()
	for i := range r.Attempts {
		a := &r.Attempts[i]
		if a.Outcome != "" || (l.number != 0 && a.Number != l.number) {
			continue
		}
		a.EndedAt, a.Outcome, a.Class, a.Code = &now, cmp.Or(l.out.Result, task.Unknown), l.out.Class, l.out.Code
		if l.out.VendorTask != "" {
			a.VendorTask = l.out.VendorTask
		}
		a.PriceFen, a.VendorMS = price(*a, l.out), l.out.ProviderMS
	}
}

// price is what an attempt costs after its outcome: what the worker said, or
// what was planned when it may have been billed.
func price(a task.Attempt, out workerrpc.Outcome) int64 {
	switch out.Result {
	case task.NotSent, task.FailedUnbilled, task.Rejected:
		return 0
	}
	return cmp.Or(out.PriceFen, a.PriceFen)
}

// record writes the outcome of an attempt after which another follows.
func (w *walk) record(ctx context.Context, land landing) error {
	return w.change(ctx, func(r *task.Record) error {
		complete(r, land)
		if !r.Canceling && r.Running() == nil {
			r.Stage = task.StageRetrying
		}
		return r.To(task.Running, task.EventProgress)
	})
}

func (w *walk) succeed(ctx context.Context, land landing) error {
	out, n := land.out, land.number
	return w.change(ctx, func(r *task.Record) error {
		complete(r, land)
		r.Progress, r.Stage, r.Canceling = 100, task.StageDone, false
		r.Result = &task.Result{
			ImageKey: imageKey(r, n), ThumbnailKey: thumbKey(r, n),
			Width: out.Width, Height: out.Height, ContentType: out.ContentType, Bytes: out.Bytes,
		}
		return finished(r, task.Succeeded)
	})
}

// exhausted fails a task for which nothing is left to try. When the last call
// may still have been paid for, it says so.
func (w *walk) exhausted(ctx context.Context, land landing) error {
	code := cmp.Or(w.lacks(w.job, w.paid), fault.GenerationFailed)
	if land.out.Result == task.Unknown || len(w.unsure) > 0 {
		code = fault.ProviderUnknown
	}
	return w.end(ctx, task.Failed, land, task.Fail(code))
}

// cancel ends a task as its owner asked.
func (w *walk) cancel(ctx context.Context, land landing) error {
	return w.end(ctx, task.Canceled, land, nil)
}

// end finishes a task without a picture. land completes the attempt that
// ended it, if one did.
func (w *walk) end(ctx context.Context, s task.State, land landing, f *task.Failure) error {
	return w.change(ctx, func(r *task.Record) error {
		complete(r, land)
		r.Failure = f
		return finished(r, s)
	})
}

func finished(r *task.Record, s task.State) error {
	now := time.Now().UTC()
	r.FinishedAt = &now
	if s != task.Succeeded {
		r.Stage = string(s)
	}
	return r.To(s, "")
}

// close settles the books of an ended task and gives its job up. When the
// books cannot be written the job returns and is closed again.
func (w *walk) close(ctx context.Context) {
	if w.now().Deleted {
		w.erased(ctx)
	}
	if err := w.Settler.Settle(ctx, w.job, w.now()); err != nil {
		w.Logger.Warn("task not settled, the job returns", "task", w.job.ID, "err", err)
		_ = w.it.lease.Return(time.Second)
		return
	}
	paid, err := w.post(ctx)
	if err != nil {
		w.Logger.Warn("task not booked, the job returns", "task", w.job.ID, "err", err)
		_ = w.it.lease.Return(time.Second)
		return
	}
	if err := w.measure(ctx); err != nil {
		w.Logger.Warn("task not counted, the job returns", "task", w.job.ID, "err", err)
		_ = w.it.lease.Return(time.Second)
		return
	}
	if err := w.giveUp(ctx, paid); err != nil {
		w.Logger.Warn("job not acknowledged", "task", w.job.ID, "err", err)
		return
	}
	w.observe()
	if !w.now().Deleted && w.now().Version > 2 {
		w.trims.add(trim{at: time.Now().Add(w.config.Trim), session: w.job.Session, id: w.job.ID})
	}
}

// giveUp acknowledges the job. When its task was booked it waits for the
// engine's word, so that the books know that it will not come again.
func (w *walk) giveUp(ctx context.Context, paid bool) error {
	measured := w.measured()
	if !paid && !measured {
		return w.it.lease.Ack()
	}
	err := w.it.lease.Confirm(ctx)
	if err == nil && paid {
		w.ledger.Close(w.job.ID)
	}
	if err == nil && measured {
		w.Arms.Close(*w.job.Arm, w.job.ID)
	}
	return err
}

// erased stops what still runs for a deleted task and removes what it left.
func (w *walk) erased(ctx context.Context) {
	if _, err := w.Objects.DeletePrefix(ctx, prefix(w.now())); err != nil {
		w.Logger.Warn("objects of a deleted task left behind", "task", w.job.ID, "err", err)
	}
}

// observe counts the task and writes its one log line; only once, when its
// job is given up.
func (w *walk) observe() {
	r := w.now()
	state := string(r.State)
	if r.Deleted {
		state = "deleted"
	}
	w.metrics.tasks.WithLabelValues(state, strconv.FormatBool(r.Degraded)).Inc()
	took := time.Since(w.job.CreatedAt)
	if r.FinishedAt != nil {
		took = r.FinishedAt.Sub(w.job.CreatedAt)
	}
	if r.State == task.Succeeded && r.StartedAt != nil {
		w.lead.mu.Lock()
		w.service.Add(r.FinishedAt.Sub(*r.StartedAt))
		w.lead.mu.Unlock()
		w.metrics.taskSeconds.Observe(took.Seconds())
		w.calibrate(took)
	}
	w.Logger.Info("task", "task", r.ID, "state", state, "attempts", len(r.Attempts), "duration_ms", took.Milliseconds(),
		"degraded", r.Degraded, "version", r.Version)
}

// calibrate counts how often the estimates given at accept came true.
func (w *walk) calibrate(took time.Duration) {
	if w.it.estimate.Position == 0 {
		return
	}
	w.metrics.estimated.Inc()
	if took.Seconds() <= w.it.estimate.P50 {
		w.metrics.byP50.Inc()
	}
	if took.Seconds() <= w.it.estimate.P90 {
		w.metrics.byP90.Inc()
	}
}
