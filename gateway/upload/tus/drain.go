package tus

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Drain ends the bodies of current and later requests. What arrived is kept, and
// clients go on at another gateway, or at this one when it is back.
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
