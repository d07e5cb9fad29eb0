package hub

import (
	"context"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// Run keeps heartbeats going and notices clients that left, until ctx ends;
// then it closes the hub.
func (h *Hub) Run(ctx context.Context) error {
	defer h.Close()
	var batch []*stream
	scratch := make([]byte, scratchBytes)
	for range tick.After(ctx, h.c.Sweep) {
		batch = h.sweep(batch[:0], scratch)
	}
	return context.Cause(ctx)
}

const scratchBytes = 512

// sweep looks at every stream once. It collects them in batch and returns that
// to be used again.
func (h *Hub) sweep(batch []*stream, scratch []byte) []*stream {
	batch = h.collect(batch, func(*stream) bool { return true })
	period := h.period()
	for i, s := range batch {
		batch[i] = nil
		if hungUp(s.conn, scratch) {
			s.nudge(gone)
			continue
		}
		if s.due--; s.due <= 0 {
			s.due = period
			s.nudge(heartbeatDue)
		}
	}
	return batch
}

// reap releases the permits of one session's dead streams and says whether
// there were any.
func (h *Hub) reap(id task.SessionID) (found bool) {
	scratch := make([]byte, scratchBytes)
	for _, s := range h.collect(nil, func(s *stream) bool { return s.permit.session == id }) {
		if hungUp(s.conn, scratch) {
			s.permit.Release(Left)
			s.nudge(gone)
			found = true
		}
	}
	return found
}

// collect appends the streams that match to into.
func (h *Hub) collect(into []*stream, match func(*stream) bool) []*stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.streams {
		if match(s) {
			into = append(into, s)
		}
	}
	return into
}
