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
)

const (
	// again is when a removal is gone over once more. A worker may hold a
	// URL to write a picture for that long.
	again      = 15 * time.Minute
	laterEvery = time.Minute
	laterKept  = 24 * time.Hour
)

func taskKey(s session.ID, id task.ID) string { return "task." + string(s) + "." + string(id) }
func sessionKey(s session.ID) string          { return "session." + string(s) }

// remember notes a removal before it begins, so that Run finishes it when
// this gateway does not.
func (e *Eraser) remember(ctx context.Context, key string) error {
	if _, err := e.later.Put(ctx, key, []byte("1"), engine.AnyRevision, 0); err != nil {
		return fmt.Errorf("note removal: %w", err)
	}
	return nil
}

// Run goes over every removal once more after a while, until ctx ends.
// Several gateways may do so: removing nothing is no error.
func (e *Eraser) Run(ctx context.Context) error {
	tick := time.NewTicker(laterEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if err := e.Finish(ctx, e.deps.Now().Add(-again)); err != nil && ctx.Err() == nil {
			e.deps.Logger.Error("removals could not be finished", "err", err)
		}
	}
}

// Finish goes over the removals that began before a moment.
func (e *Eraser) Finish(ctx context.Context, before time.Time) error {
	for entry, err := range e.later.Entries(ctx, ">") {
		if err != nil {
			return fmt.Errorf("list removals: %w", err)
		}
		if entry.Created.After(before) {
			continue
		}
		if err := e.redo(ctx, entry.Key); err != nil {
			return fmt.Errorf("finish removal: %w", err)
		}
		if err := e.later.Delete(ctx, entry.Key, entry.Revision); err != nil && fault.KindOf(err) != fault.Conflict {
			return fmt.Errorf("finish removal: %w", err)
		}
	}
	return nil
}

func (e *Eraser) redo(ctx context.Context, key string) error {
	switch parts := strings.Split(key, "."); {
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
	default:
		return nil
	}
}
