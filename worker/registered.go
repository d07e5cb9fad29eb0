package main

import (
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

// heartbeatBelieved is how long a gateway believes a heartbeat.
const heartbeatBelieved = 5 * time.Second

// registered knows which gateways have taken our heartbeats.
type registered struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// note takes in what became of a heartbeat.
func (r *registered) note(gateway string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = make(map[string]time.Time)
	}
	if err == nil {
		r.last[gateway] = time.Now()
	}
}

// anywhere reports whether a gateway believes that this worker is there.
func (r *registered) anywhere() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.last {
		if time.Since(at) < heartbeatBelieved {
			return true
		}
	}
	return false
}

// ready says whether tasks come to this worker.
func (h *heartbeats) ready() operator.Readiness {
	known, open := operator.Check{Name: "gateways", OK: h.registered.anywhere()}, operator.Check{Name: "open", OK: true}
	if !known.OK {
		known.Detail = "no gateway takes heartbeats"
	}
	select {
	case <-h.draining:
		open.OK, open.Detail = false, "it drains"
	default:
	}
	return operator.Readiness{Ready: known.OK && open.OK, Checks: []operator.Check{known, open}}
}
