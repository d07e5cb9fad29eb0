package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
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
	mu   sync.Mutex
	list []trim
	some chan struct{}
}

func newTrims() trims { return trims{some: make(chan struct{}, 1)} }

func (t *trims) add(next trim) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) >= trimsMost {
		return
	}
	t.list = append(t.list, next)
	select {
	case t.some <- struct{}{}:
	default:
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

// trim forgets histories when their time has come; they arrive in order.
func (l *lead) trim(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.trims.some:
		}
		for _, t := range l.trims.take() {
			if sleep(ctx, time.Until(t.at)) != nil {
				return
			}
			if err := l.Queue.Trim(ctx, t.session, t.id); err != nil && ctx.Err() == nil {
				l.Logger.Warn("history not trimmed", "task", t.id, "err", err)
			}
		}
	}
}
