package erasure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	// secondPass is when a completed removal is repeated. A worker may hold a
	// URL to write a picture for that long.
	secondPass = 15 * time.Minute
	// abandoned is when a removal that has not ended is taken over: its gateway
	// is gone, and the person's token no longer works, so nobody asks again.
	abandoned  = 10 * time.Second
	laterEvery = 5 * time.Second
	laterKept  = 24 * time.Hour
)

// The states of a removal, as its note says them.
const (
	begun     = "begun"
	completed = "whole"
)

func taskKey(s session.ID, id task.ID) string { return "task." + string(s) + "." + string(id) }
func uploadKey(s session.ID, id task.UploadID) string {
	return "upload." + string(s) + "." + string(id)
}
func sessionKey(s session.ID) string { return "session." + string(s) }

// remember notes a removal before it begins, so that Run can finish it if this
// gateway does not.
func (e *Eraser) remember(ctx context.Context, key string) error {
	if _, err := e.later.Put(ctx, key, []byte(begun), engine.AnyRevision, 0); err != nil {
		return fmt.Errorf("note removal: %w", err)
	}
	return nil
}

// complete notes that a removal is complete. If that fails, Run repeats the
// removal once more than needed.
func (e *Eraser) complete(ctx context.Context, key string) {
	if _, err := e.later.Put(ctx, key, []byte(completed), engine.AnyRevision, 0); err != nil {
		e.deps.Logger.Warn("completed removal not noted", "err", err)
	}
}

// Run finishes interrupted removals, and repeats every removal once after a
// while, until ctx ends. Several gateways may do so at the same time: removing
// nothing is no error.
func (e *Eraser) Run(ctx context.Context) error {
	for range tick.AtOnce(ctx, laterEvery) {
		if err := e.Finish(ctx, e.deps.Now()); err != nil && ctx.Err() == nil {
			e.deps.Logger.Error("removals could not be finished", "err", err)
		}
	}
	return context.Cause(ctx)
}

// secondPass is not later than the retention.
func (e *Eraser) secondPass() time.Duration {
	if kept := e.deps.Retention; kept > 0 {
		return min(secondPass, kept)
	}
	return secondPass
}

// Finish finishes and repeats the removals that are due.
func (e *Eraser) Finish(ctx context.Context, now time.Time) error {
	for entry, err := range e.later.Entries(ctx, ">") {
		if err != nil {
			return fmt.Errorf("list removals: %w", err)
		}
		if err := e.finish(ctx, entry, now.Sub(entry.Created)); err != nil {
			return fmt.Errorf("finish removal: %w", err)
		}
	}
	return nil
}

func (e *Eraser) finish(ctx context.Context, note engine.Entry, age time.Duration) error {
	last := string(note.Value) == completed
	if (last && age < e.secondPass()) || age < abandoned && !last {
		return nil
	}
	err := e.redo(ctx, note.Key)
	switch {
	case err != nil:
	case last:
		err = e.later.Delete(ctx, note.Key, note.Revision)
	default:
		_, err = e.later.Put(ctx, note.Key, []byte(completed), note.Revision, 0)
	}
	if fault.KindOf(err) == fault.Conflict {
		return nil // another gateway was faster
	}
	return err
}

func (e *Eraser) redo(ctx context.Context, key string) error {
	parts := strings.Split(key, ".")
	switch {
	case parts[0] == "session" && len(parts) == 2:
		_, err := e.session(ctx, session.ID(parts[1]))
		return err
	case parts[0] == "task" && len(parts) == 3:
		r, _, err := e.deps.Queue.Lookup(ctx, session.ID(parts[1]), task.ID(parts[2]))
		if err != nil && fault.KindOf(err) == fault.NotFound {
			r = &task.Record{ID: task.ID(parts[2]), Session: session.ID(parts[1]), Deleted: true}
		} else if err != nil {
			return err
		}
		_, err = e.task(ctx, r)
		return err
	case parts[0] == "upload" && len(parts) == 3:
		_, err := e.deps.Uploads.Remove(ctx, session.ID(parts[1]), task.UploadID(parts[2]))
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	default:
		return nil
	}
}
