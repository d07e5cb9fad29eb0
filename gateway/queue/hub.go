package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	hubBuffer    = 1 << 14 // live messages not delivered yet; beyond it every stream starts over
	readerBuffer = 16      // revisions a reader may lag behind before it is dropped
)

// hub fans live revisions out to their readers: one core subscription a
// watched task, one channel and one goroutine for all of them. Readers outlive
// a loss of the engine.
type hub struct {
	conn   *nats.Conn
	lookup lookup
	log    *slog.Logger
	met    metrics
	in     chan *nats.Msg

	doubted chan struct{} // wakes repair

	mu     sync.Mutex
	topics map[string]*topic
}

type topic struct {
	sub     *nats.Subscription
	readers []*reader
	session task.SessionID
	id      task.ID
	doubts  int       // reasons to look it up
	heard   time.Time // when its last revision came, live or looked up
}

// reader is one stream's mailbox. c is closed when it was too slow.
type reader struct {
	subject string
	c       chan *task.Record
}

func newHub(conn *nats.Conn, find lookup, log *slog.Logger, met metrics) *hub {
	return &hub{
		conn: conn, lookup: find, log: log, met: met, in: make(chan *nats.Msg, hubBuffer),
		doubted: make(chan struct{}, 1), topics: make(map[string]*topic),
	}
}

// subscribe must come before the snapshot that it completes. Both go through one
// connection in order, so no revision is missed in between.
func (h *hub) subscribe(s task.SessionID, id task.ID) (*reader, error) {
	r := &reader{subject: "live." + taskSubject(s, id), c: make(chan *task.Record, readerBuffer)}
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[r.subject]
	if t == nil {
		sub, err := h.conn.ChanSubscribe(r.subject, h.in)
		if err != nil {
			return nil, fmt.Errorf("watch task: %w", err)
		}
		t = &topic{sub: sub, session: s, id: id, heard: time.Now()}
		h.topics[r.subject] = t
	}
	t.readers = append(t.readers, r)
	h.met.watched.Set(float64(len(h.topics)))
	return r, nil
}

func (h *hub) unsubscribe(r *reader) {
	if sub := h.leave(r); sub != nil {
		_ = sub.Unsubscribe() // outside of the lock: it waits while a connection is dialled
	}
}

func (h *hub) leave(r *reader) *nats.Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.remove(r)
}

// remove drops r and, with the last reader, the subscription, which it returns.
// Doing it twice is fine.
func (h *hub) remove(r *reader) (idle *nats.Subscription) {
	t := h.topics[r.subject]
	if t == nil {
		return nil
	}
	for i := range t.readers {
		if t.readers[i] == r {
			t.readers = append(t.readers[:i:i], t.readers[i+1:]...)
			break
		}
	}
	if len(t.readers) == 0 {
		idle = t.sub
		delete(h.topics, r.subject)
	}
	h.met.watched.Set(float64(len(h.topics)))
	return idle
}

// run delivers until ctx ends, then closes every reader.
func (h *hub) run(ctx context.Context) error {
	h.conn.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrSlowConsumer) {
			h.doubt()
		}
	})
	defer h.dropAll()
	var repairs sync.WaitGroup
	defer repairs.Wait()
	repairs.Go(func() { h.repair(ctx) })
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
	h.push(m.Subject, r, 0)
}

// push gives a revision to the readers of a topic, and clears the doubts that
// it answers.
func (h *hub) push(subject string, r *task.Record, cleared int) {
	for _, sub := range h.give(subject, r, cleared) {
		_ = sub.Unsubscribe()
	}
}

func (h *hub) give(subject string, r *task.Record, cleared int) (idle []*nats.Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[subject]
	if t == nil {
		return nil
	}
	t.heard, t.doubts = time.Now(), t.doubts-min(cleared, t.doubts)
	for _, to := range t.readers { // remove makes a new list
		select {
		case to.c <- r:
		default: // it resumes by its last event id
			h.met.dropped.Inc()
			if sub := h.remove(to); sub != nil {
				idle = append(idle, sub)
			}
			close(to.c)
		}
	}
	return idle
}

// dropAll ends every reader at the end of the process. They resume elsewhere by
// their last event id.
func (h *hub) dropAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		_ = t.sub.Unsubscribe()
		for _, r := range t.readers {
			close(r.c)
		}
	}
	clear(h.topics)
}
