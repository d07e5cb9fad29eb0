package intake

import (
	"context"
	"fmt"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Cancel asks for the end of a task and returns the record as it is then. One
// that nobody has started ends at once; a running one is marked, and its
// dispatcher woken, and it may still succeed. A finished one is
// fault.TaskFinished.
func (in *Intake) Cancel(ctx context.Context, s session.ID, id task.ID) (*task.Record, error) {
	for {
		r, revision, err := in.live(ctx, s, id)
		if err != nil {
			return nil, err
		}
		if r.State.Terminal() {
			return nil, fault.New(fault.TaskFinished).With("state", string(r.State))
		}
		if !r.Canceling {
			if err := in.markCanceled(r); err != nil {
				return nil, err
			}
			if _, err := in.queue.Write(ctx, r, revision); err != nil {
				if fault.KindOf(err) == fault.Conflict {
					continue
				}
				return nil, fmt.Errorf("cancel task: %w", err)
			}
			if r.State.Terminal() {
				in.tally.Ended(r)
			}
		}
		return r, in.afterCancel(ctx, r)
	}
}

func (in *Intake) markCanceled(r *task.Record) error {
	r.Canceling = true
	if r.State == task.Queued && !r.Started() {
		now := in.now().UTC()
		r.FinishedAt, r.Stage = &now, string(task.Canceled) // as dispatch ends one
		return r.To(task.Canceled, task.EventCanceled)
	}
	r.Stage = task.StageCanceling
	return r.To(r.State, task.EventProgress)
}

// afterCancel wakes the dispatcher; a task that ended here is settled here.
func (in *Intake) afterCancel(ctx context.Context, r *task.Record) error {
	if err := in.queue.SignalCancel(r.Session, r.ID); err != nil {
		in.log.Warn("dispatcher could not be woken", "task", r.ID, "err", err)
	}
	if !r.State.Terminal() {
		return nil
	}
	if err := in.quota.Finish(ctx, r.Session, r.ID, r.Counts()); err != nil {
		return fmt.Errorf("give quota back: %w", err)
	}
	return nil
}
