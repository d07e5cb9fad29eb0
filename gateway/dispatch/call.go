package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	callGrace    = 10 * time.Second // past the attempt's timeout: for the pictures and the manifest
	progressGap  = 150 * time.Millisecond
	progressMost = 40 // revisions; the stream keeps 64
	maxPicture   = 32 << 20
	maxThumb     = 1 << 20
	maxManifest  = 64 << 10
)

// Keys of what an attempt leaves in the object store.
func prefix(r *task.Record) string { return fmt.Sprintf("%s/tasks/%s/", r.Session, r.ID) }
func imageKey(r *task.Record, number int) string {
	return fmt.Sprintf("%s%d.jpg", prefix(r), number)
}
func thumbKey(r *task.Record, number int) string {
	return fmt.Sprintf("%s%d.thumb.jpg", prefix(r), number)
}
func manifestKey(r *task.Record, number int) string {
	return fmt.Sprintf("%s%d.json", prefix(r), number)
}

// request is what the worker is told. Its URLs outlive the attempt a little.
func (w *walk) request(a task.Attempt, timeout time.Duration) workerrpc.Attempt {
	rec := w.now()
	until := a.StartedAt.Add(timeout + 2*callGrace)
	return workerrpc.Attempt{
		Task: w.job.ID, Session: w.job.Session, Number: a.Number, Provider: a.Provider, Timeout: timeout,
		PhotoURL:    w.Objects.WorkerGetURL(w.job.PhotoKey, until),
		ImageURL:    w.Objects.WorkerPutURL(imageKey(rec, a.Number), "image/jpeg", maxPicture, until),
		ThumbURL:    w.Objects.WorkerPutURL(thumbKey(rec, a.Number), "image/jpeg", maxThumb, until),
		ManifestURL: w.Objects.WorkerPutURL(manifestKey(rec, a.Number), "application/json", maxManifest, until),
		Style:       w.job.Style, Place: w.job.Place, Options: w.job.Options, Seed: w.job.Seed, VendorTask: a.VendorTask,
		PhotoWidth: w.job.PhotoWidth, PhotoHeight: w.job.PhotoHeight, BrandMark: w.job.BrandMark,
	}
}

type answer struct {
	out workerrpc.Outcome
	err error
}

// call makes one call and follows it to its outcome. A lost stream is
// recovered; only the end of ctx leaves without an outcome.
func (f *flight) call(ctx context.Context, req workerrpc.Attempt) (workerrpc.Outcome, error) {
	a := f.attempt
	out, begun, err := f.stream(ctx, req, a)
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		f.abandon(ctx, a)
		return out, context.Cause(ctx)
	case errors.Is(err, errDeposed):
		return out, err
	case !begun && workerrpc.Refused(fault.CodeOf(err)):
		f.Logger.Warn("worker did not take the attempt", "task", f.job.ID, "worker", a.Worker, "err", err)
		return workerrpc.Outcome{Result: task.NotSent, Class: task.ClassNetwork, Code: string(fault.CodeOf(err))}, nil
	}
	f.Logger.Warn("stream lost", "task", f.job.ID, "attempt", a.Number, "worker", a.Worker, "err", err)
	return f.recover(ctx, req, a)
}

// stream follows one Generate stream to its end, also when ctx ends first;
// begun tells whether anything was heard.
func (f *flight) stream(ctx context.Context, req workerrpc.Attempt, a task.Attempt) (out workerrpc.Outcome, begun bool, err error) {
	ctx, hang := context.WithTimeout(ctx, req.Timeout+callGrace)
	updates := make(chan workerrpc.Update, 4)
	done := make(chan answer, 1)
	go func() {
		out, err := f.Caller.Generate(ctx, a.Address, req, func(u workerrpc.Update) {
			select {
			case updates <- u:
			case <-ctx.Done():
			}
		})
		done <- answer{out, err}
	}()
	defer hang()
	for {
		select {
		case r := <-done:
			return r.out, begun || len(updates) > 0, r.err
		case u := <-updates:
			begun = true
			f.progress(ctx, u)
		case <-f.poked:
			if err := f.interrupted(ctx, a); err != nil {
				hang()
				<-done
				return out, begun, err
			}
		}
	}
}

// progress writes what a person can see, not more often than they can read.
func (f *flight) progress(ctx context.Context, u workerrpc.Update) {
	if (u.Progress == 0 && u.Stage == "" && u.VendorTask == "") || !f.worthWriting(u) {
		return
	}
	f.soft(ctx, func(r *task.Record) error {
		if u.Stage != "" && !r.Canceling && !f.slow() && (!f.attempt.Hedge || u.Progress >= r.Progress) {
			r.Stage = u.Stage
		}
		r.Progress = max(r.Progress, min(99, u.Progress))
		if run := r.Attempt(f.attempt.Number); run != nil && u.VendorTask != "" {
			run.VendorTask = u.VendorTask
		}
		return r.To(task.Running, task.EventProgress)
	})
}

func (f *flight) worthWriting(u workerrpc.Update) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := u.VendorTask != "" || u.Progress > f.rec.Progress || (u.Stage != "" && u.Stage != f.rec.Stage && !f.attempt.Hedge)
	if gone(f.rec) || !seen || (u.VendorTask == "" && (time.Since(f.written) < progressGap || f.revisions >= progressMost)) {
		return false
	}
	f.written = time.Now()
	f.revisions++
	return true
}

// slow reports whether the person was told that it takes longer.
func (w *walk) slow() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.noticed
}

// soft makes a change that the call does not depend on: when it cannot be
// made because the task ended, the next hard change finds out.
func (w *walk) soft(ctx context.Context, edit func(*task.Record) error) {
	if err := w.change(ctx, edit); err != nil {
		w.nudge()
	}
}

func (w *walk) untilNotice() time.Duration {
	rec := w.now()
	if w.slow() || rec.StartedAt == nil || gone(rec) {
		return time.Hour
	}
	return time.Until(rec.StartedAt.Add(w.Router.Config().NoticeAfter))
}

// notice tells the person that it takes longer; the paid call goes on.
func (w *walk) notice(ctx context.Context) {
	w.mu.Lock()
	w.noticed = true
	w.mu.Unlock()
	w.soft(ctx, func(r *task.Record) error {
		if !r.Canceling {
			r.Stage = task.StageSlow
		}
		return r.To(task.Running, task.EventProgress)
	})
}

// interrupted passes a cancel or a deletion on to the worker. The call still
// ends with an outcome: many vendors cannot cancel, and bill. errDeposed says
// that the call is no longer ours to cancel.
func (f *flight) interrupted(ctx context.Context, a task.Attempt) error {
	switch err := f.reload(ctx); {
	case errors.Is(err, errDeposed):
		return err
	case errors.Is(err, errEnded), err == nil && f.now().Canceling:
	default:
		return nil
	}
	if err := f.Caller.Cancel(ctx, a.Address, f.job.ID, a.Number); err != nil {
		f.Logger.Warn("cancel not delivered", "task", f.job.ID, "worker", a.Worker, "err", err)
	}
	return nil
}

// abandon cancels the call of a task whose own time is over. When we are only
// stopping, the call goes on and the next leader attaches to it.
func (f *flight) abandon(ctx context.Context, a task.Attempt) {
	if !errors.Is(context.Cause(ctx), errDeadline) {
		return
	}
	c, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = f.Caller.Cancel(c, a.Address, f.job.ID, a.Number)
}
