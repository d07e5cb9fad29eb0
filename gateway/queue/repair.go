package queue

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	repairEvery  = 250 * time.Millisecond
	repairAtOnce = 16               // look-ups: thousands of streams do not ask at the same time
	silence      = 30 * time.Second // a task of which nothing was heard is looked up
)

// lookup finds the newest revision of a task.
type lookup func(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)

// doubt says that live revisions may have been missed. Readers stay; their tasks
// are looked up, each once for all of its readers. The version tells each reader
// whether it missed something.
func (h *hub) doubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.topics) > 0 {
		h.log.Info("streams are looked up", "reason", "live events may have been missed", "tasks", len(h.topics))
	}
	for _, t := range h.topics {
		t.doubts++
	}
	tick.Wake(h.doubted)
}

// doubtOne is doubt for the task of one reader.
func (h *hub) doubtOne(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[r.subject]; t != nil {
		t.doubts++
	}
}

// repair looks doubtful tasks up until ctx ends.
func (h *hub) repair(ctx context.Context) {
	check := time.NewTicker(repairEvery)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-check.C:
		case <-h.doubted:
		}
		h.repairAll(ctx, h.doubtful(time.Now()))
	}
}

// doubtOf is what makes a topic doubtful now, so that a later doubt is not
// cleared with it.
type doubtOf struct {
	subject string
	session task.SessionID
	id      task.ID
	doubts  int
}

func (h *hub) doubtful(now time.Time) (out []doubtOf) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for subject, t := range h.topics {
		if t.doubts > 0 || now.Sub(t.heard) > silence {
			out = append(out, doubtOf{subject, t.session, t.id, t.doubts})
		}
	}
	return out
}

func (h *hub) repairAll(ctx context.Context, all []doubtOf) {
	work := make(chan doubtOf)
	var workers sync.WaitGroup
	for range min(repairAtOnce, len(all)) {
		workers.Go(func() {
			for d := range work {
				h.repairOne(ctx, d)
			}
		})
	}
	for _, d := range all {
		if ctx.Err() != nil {
			break
		}
		work <- d
	}
	close(work)
	workers.Wait()
}

// repairOne gives a task's newest revision to its readers as if it came live. A
// task that is gone ends its streams. Without an answer it stays doubtful.
func (h *hub) repairOne(ctx context.Context, d doubtOf) {
	r, _, err := h.lookup(ctx, d.session, d.id)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		r, err = &task.Record{Session: d.session, ID: d.id, Deleted: true}, nil
	}
	if err != nil {
		return
	}
	h.push(d.subject, r, d.doubts)
}
