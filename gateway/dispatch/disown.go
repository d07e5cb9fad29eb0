package dispatch

import (
	"context"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	disownEvery = 5 * time.Second
	// disownAfter is longer than a job is on its way that was returned.
	disownAfter = 45 * time.Second
)

// orphan is a picture in a spool whose task nobody has in hand: it has ended.
type orphan struct {
	address string
	id      task.ID
	number  int
}

// orphans remember since when nobody wants them.
type orphans map[orphan]time.Time

// due takes in those of now, and gives those that are old enough to be dropped.
func (o orphans) due(now time.Time, all []orphan) (due []orphan) {
	before := make(orphans, len(o))
	for k, v := range o {
		before[k] = v
	}
	clear(o)
	for _, one := range all {
		since, known := before[one]
		if !known {
			since = now
		}
		o[one] = since
		if now.Sub(since) >= disownAfter {
			due = append(due, one)
		}
	}
	return due
}

// disown has workers drop the pictures in their spools that no task waits for
// any more, until ctx ends. It begins when the jobs of the term before are here.
func (t *term) disown(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-t.recovered:
	}
	all := make(orphans)
	for now := range tick.After(ctx, disownEvery) {
		for _, o := range all.due(now, t.sched.orphans()) {
			if err := t.deps.Runs.Caller.Cancel(ctx, o.address, o.id, o.number); err != nil {
				t.deps.Runs.Logger.Warn("a picture that nobody wants stays in a spool", "task", o.id, "attempt", o.number, "err", err)
			}
		}
	}
}

// orphans are what workers have in their spools of tasks that are not held.
func (s *scheduler) orphans() (all []orphan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.board.slots.workers {
		for _, name := range w.Spooled {
			if id, number, ok := workerrpc.ParseSpoolName(name); ok && s.board.held[id] == nil {
				all = append(all, orphan{w.Address, id, number})
			}
		}
	}
	return all
}
