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

// sweep looks at every stream once, gathering them in batch, which it returns
// for the next time.
func (h *Hub) sweep(batch []*stream, scratch []byte) []*stream {
	h.mu.Lock()
	for s := range h.streams {
		batch = append(batch, s)
	}
	h.mu.Unlock()
	period := h.period()
	for i, s := range batch {
		batch[i] = nil
		if hungUp(s.conn, scratch) {
			s.nudge(gone)
			continue
		}
		if s.due--; s.due <= 0 {
			s.due = period
			s.nudge(beat)
		}
	}
	return batch
}

// reap takes the places of one session's dead streams back and says whether
// there were any.
func (h *Hub) reap(id task.SessionID) bool {
	h.mu.Lock()
	var mine []*stream
	for s := range h.streams {
		if s.hold.session == id {
			mine = append(mine, s)
		}
	}
	h.mu.Unlock()
	found := false
	scratch := make([]byte, scratchBytes)
	for _, s := range mine {
		if hungUp(s.conn, scratch) {
			s.hold.Release(Left)
			s.nudge(gone)
			found = true
		}
	}
	return found
}
