package tus

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Drain ends the bodies of requests that run, and of those that still come:
// what arrived is kept, and clients go on at another gateway, or at this one
// when it is back, instead of sending until they are cut.
func (h *Handler) Drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drained = true
	for v := range h.visits {
		v.stop(errStopping())
	}
}

func (h *Handler) enter(v *visit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.visits[v] = struct{}{}
	if h.drained {
		v.stop(errStopping())
	}
}

func (h *Handler) leave(v *visit) {
	v.end()
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.visits, v)
}

func errStopping() error { return fault.New(fault.GatewayStopping).After(time.Second) }
