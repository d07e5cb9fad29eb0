package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	hubBuffer    = 1 << 14 // live messages not delivered yet; beyond it every stream starts over
	readerBuffer = 16      // revisions a reader may lag behind before it is dropped
)

// hub fans live revisions out to their readers: one core subscription a
// watched task, one channel and one goroutine for all of them.
type hub struct {
	conn *nats.Conn
	log  *slog.Logger
	met  metrics
	in   chan *nats.Msg

	mu     sync.Mutex
	topics map[string]*topic
}

type topic struct {
	sub     *nats.Subscription
	readers []*reader
}

// reader is one stream's mailbox. c is closed when it was too slow.
type reader struct {
	subject string
	c       chan *task.Record
}

func newHub(conn *nats.Conn, log *slog.Logger, met metrics) *hub {
	return &hub{conn: conn, log: log, met: met, in: make(chan *nats.Msg, hubBuffer), topics: make(map[string]*topic)}
}

// subscribe must come before the snapshot that it completes. Both go through one
// connection in order, so no revision is missed in between.
func (h *hub) subscribe(taskSubject string) (*reader, error) {
	r := &reader{subject: "live." + taskSubject, c: make(chan *task.Record, readerBuffer)}
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[r.subject]
	if t == nil {
		sub, err := h.conn.ChanSubscribe(r.subject, h.in)
		if err != nil {
			return nil, fmt.Errorf("watch task: %w", err)
		}
		t = &topic{sub: sub}
		h.topics[r.subject] = t
	}
	t.readers = append(t.readers, r)
	h.met.watched.Set(float64(len(h.topics)))
	return r, nil
}

func (h *hub) unsubscribe(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(r)
}

// remove drops r and, with the last reader, the subscription. Doing it twice
// is fine.
func (h *hub) remove(r *reader) {
	t := h.topics[r.subject]
	if t == nil {
		return
	}
	for i := range t.readers {
		if t.readers[i] == r {
			t.readers = append(t.readers[:i:i], t.readers[i+1:]...)
			break
		}
	}
	if len(t.readers) == 0 {
		_ = t.sub.Unsubscribe()
		delete(h.topics, r.subject)
	}
	h.met.watched.Set(float64(len(h.topics)))
}

// run delivers until ctx ends, then closes every reader.
func (h *hub) run(ctx context.Context) error {
	h.conn.SetReconnectHandler(func(*nats.Conn) { h.dropAll("engine reconnected") })
	h.conn.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrSlowConsumer) {
			h.dropAll("live events overflowed")
		}
	})
	defer h.dropAll("shutdown")
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m := <-h.in:
			h.deliver(m)
		}
	}
}

func (h *hub) deliver(m *nats.Msg) {
	r, err := decodeRecord(m.Data)
	if err != nil {
		h.log.Error("live revision unreadable", "err", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[m.Subject]
	if t == nil {
		return
	}
	for _, to := range t.readers { // remove makes a new list
		select {
		case to.c <- r:
		default: // it resumes by its last event id
			h.met.dropped.Inc()
			h.remove(to)
			close(to.c)
		}
	}
}

// dropAll ends every reader. It is not known what they missed, so they resume by
// their last event id.
func (h *hub) dropAll(reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.topics) > 0 {
		h.log.Info("streams dropped", "reason", reason, "tasks", len(h.topics))
	}
	for _, t := range h.topics {
		_ = t.sub.Unsubscribe()
		for _, r := range t.readers {
			close(r.c)
		}
	}
	clear(h.topics)
}
