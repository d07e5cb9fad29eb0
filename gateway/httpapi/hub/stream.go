package hub

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

type signal uint8

const (
	heartbeatDue signal = iota
	gone
	moveOn
)

// stream is all that an idle stream costs, beside its goroutine's stack.
type stream struct {
	conn   net.Conn
	source Source
	permit *Permit
	wake   chan signal
	due    int // sweeps until the next heartbeat; only the sweeper touches it
}

const heartbeat = ":\n\n"

func (h *Hub) run(s *stream, first []byte, next Next) Reason {
	if len(first) > 0 && !h.write(s, first) {
		return Slow
	}
	if next == End {
		return Finished
	}
	events := s.source.Events()
	for {
		select {
		case r, ok := <-events:
			if !ok {
				return Slow
			}
			if why, over := h.say(s, r); over {
				return why
			}
		case sig := <-s.wake:
			if why, over := h.heed(s, sig); over {
				return why
			}
		case <-h.closing:
			return Stopping
		}
	}
}

// heed does what a signal asks for.
func (h *Hub) heed(s *stream, sig signal) (Reason, bool) {
	switch sig {
	case gone:
		return Left, true
	case moveOn:
		h.write(s, comeBack())
		return Stopping, true
	default:
		return Slow, !h.write(s, []byte(heartbeat))
	}
}

// say writes a revision. Its buffer is borrowed: an idle stream has none.
func (h *Hub) say(s *stream, r *task.Record) (Reason, bool) {
	buf := borrow()
	defer giveBack(buf)
	out, next := s.source.Append(context.Background(), (*buf)[:0], r)
	*buf = out
	if len(out) > 0 {
		h.sent.Inc()
		if !h.write(s, out) {
			return Slow, true
		}
	}
	return Finished, next == End
}

func (h *Hub) write(s *stream, p []byte) bool {
	if err := s.conn.SetWriteDeadline(time.Now().Add(h.c.Write)); err != nil {
		return false
	}
	_, err := s.conn.Write(p)
	return err == nil
}

// nudge leaves a signal. One that ends the stream replaces a heartbeat that was
// not taken yet.
func (s *stream) nudge(sig signal) {
	select {
	case s.wake <- sig:
		return
	default:
	}
	if sig == heartbeatDue {
		return
	}
	select {
	case <-s.wake:
	default:
	}
	select {
	case s.wake <- sig:
	default:
	}
}

//nolint:gochecknoglobals // a pool is only useful when it is shared
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func borrow() *[]byte { return buffers.Get().(*[]byte) }

func giveBack(b *[]byte) {
	if cap(*b) <= 64<<10 {
		buffers.Put(b)
	}
}
