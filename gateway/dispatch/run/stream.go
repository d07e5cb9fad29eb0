package run

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	progressGap  = 150 * time.Millisecond
	progressMost = 40 // revisions; the stream keeps 64
)

// stream follows one Generate stream to its end, also when ctx ends first;
// begun tells whether anything was heard. It has the time of the call, and that
// of the task once the picture is made: then only our own store is waited for.
func (c *call) stream(ctx context.Context, req workerrpc.Attempt, a task.Attempt) (out workerrpc.Outcome, begun bool, err error) {
	ctx, hang := context.WithCancel(ctx)
	over := time.AfterFunc(req.Timeout+callGrace, hang)
	defer over.Stop()
	updates := make(chan workerrpc.Update, 4)
	done := make(chan struct{}) // closed when out and err are there
	go func() {
		defer close(done)
		out, err = c.run.deps.Caller.Generate(ctx, a.Address, req, func(u workerrpc.Update) {
			select {
			case updates <- u:
			case <-ctx.Done():
			}
		})
	}()
	defer hang()
	for {
		if c.kept != task.KeptNowhere {
			over.Stop()
		}
		select {
		case <-done:
			return out, begun || len(updates) > 0, err
		case u := <-updates:
			begun = true
			c.kept = cmp.Or(u.Kept, c.kept)
			c.progress(ctx, u)
		case <-c.poked:
			if err := c.interrupted(ctx, a); err != nil {
				hang()
				<-done
				return out, begun, err
			}
		}
	}
}

// progress writes what a person can see, not more often than they can read.
func (c *call) progress(ctx context.Context, u workerrpc.Update) {
	if (u.Progress == 0 && u.Stage == "" && u.VendorTask == "" && u.Kept == "") || !c.worthWriting(u) {
		return
	}
	c.run.soft(ctx, func(r *task.Record) error {
		if u.Stage != "" && !r.Canceling && !c.run.slow() && (!c.attempt.Hedge || u.Progress >= r.Progress) {
			r.Stage = u.Stage
		}
		r.Progress = max(r.Progress, min(99, u.Progress))
		if a := r.Attempt(c.attempt.Number); a != nil {
			a.VendorTask, a.Kept = cmp.Or(u.VendorTask, a.VendorTask), cmp.Or(u.Kept, a.Kept)
		}
		return r.To(task.Running, task.EventProgress)
	})
}

func (c *call) worthWriting(u workerrpc.Update) bool {
	r, rec, now := c.run, c.run.record.now(), c.run.deps.Now()
	vital := u.VendorTask != "" || u.Kept != ""
	seen := vital || u.Progress > rec.Progress || (u.Stage != "" && u.Stage != rec.Stage && !c.attempt.Hedge)
	r.mu.Lock()
	defer r.mu.Unlock()
	if gone(rec) || !seen || (!vital && (now.Sub(r.written) < progressGap || r.revisions >= progressMost)) {
		return false
	}
	r.written = now
	r.revisions++
	return true
}

// interrupted passes a cancel or a deletion on to the worker. The call still
// ends with an outcome: many vendors cannot cancel, and bill. errDeposed says
// that the call is no longer ours to cancel.
func (c *call) interrupted(ctx context.Context, a task.Attempt) error {
	r := c.run
	switch err := r.record.reload(ctx); {
	case errors.Is(err, errDeposed):
		return err
	case errors.Is(err, errEnded), err == nil && r.record.now().Canceling:
	default:
		return nil
	}
	if err := r.deps.Caller.Cancel(ctx, a.Address, r.job.ID, a.Number); err != nil {
		r.log.Warn("cancel not delivered", "task", r.job.ID, "worker", a.Worker, "err", err)
	}
	return nil
}

// soft makes a change that the call does not depend on: when it cannot be
// made because the task ended, the next hard change finds out.
func (r *Run) soft(ctx context.Context, edit func(*task.Record) error) {
	if err := r.record.change(ctx, edit); err != nil {
		r.Nudge()
	}
}

// slow reports whether the person was told that it takes longer.
func (r *Run) slow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.noticed
}

func (r *Run) untilNotice() time.Duration {
	rec := r.record.now()
	if r.slow() || rec.StartedAt == nil || gone(rec) {
		return never
	}
	return r.deps.until(rec.StartedAt.Add(r.deps.Router.Config().NoticeAfter))
}

// notice tells the person that it takes longer; the paid call goes on.
func (r *Run) notice(ctx context.Context) {
	r.mu.Lock()
	r.noticed = true
	r.mu.Unlock()
	r.soft(ctx, func(rec *task.Record) error {
		if !rec.Canceling {
			rec.Stage = task.StageSlow
		}
		return rec.To(task.Running, task.EventProgress)
	})
}
