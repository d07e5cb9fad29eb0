package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// trimsMost bounds the finished tasks that wait for their trim: a minute at
// ten thousand a second.
const trimsMost = 600_000

// trim is a finished task whose history may go at a moment.
type trim struct {
	at      time.Time
	session task.SessionID
	id      task.ID
}

// trims is a queue in the order of time. What does not fit, or is lost with
// the term, goes with the record's expiry instead.
type trims struct {
	after time.Duration // the end of a task
	some  chan struct{}

	mu   sync.Mutex
	list []trim
}

func newTrims(after time.Duration) *trims { return &trims{after: after, some: make(chan struct{}, 1)} }

func (t *trims) add(s task.SessionID, id task.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) < trimsMost {
		t.list = append(t.list, trim{time.Now().Add(t.after), s, id})
		tick.Wake(t.some)
	}
}

// take empties the queue.
func (t *trims) take() []trim {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.list
	t.list = nil
	return list
}

// run trims histories when their time has come, until ctx ends; they arrive in
// order.
func (t *trims) run(ctx context.Context, q *queue.Queue, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.some:
		}
		for _, next := range t.take() {
			if !tick.Wait(ctx, time.Until(next.at)) {
				return
			}
			if err := q.Trim(ctx, next.session, next.id); err != nil && ctx.Err() == nil {
				log.Warn("history not trimmed", "task", next.id, "err", err)
			}
		}
	}
}
