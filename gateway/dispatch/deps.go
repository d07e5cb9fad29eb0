package dispatch

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
)

// members is the live fleet.
type members interface {
	Workers() []fleet.Member
	Changed() <-chan struct{}
}

// Deps are what a dispatcher works with.
type Deps struct {
	ID       string // of this gateway
	Engine   *engine.Engine
	Queue    *queue.Queue
	Fleet    members
	Policy   func() *policy.State
	Fresh    func(context.Context) error // fails while Policy may be old; nil: it never is
	Store    func() error                // fails while the store takes no pictures; nil: it always does
	TaskFen  func() int64                // the most one task may cost; nil or 0 for no limit
	Registry prometheus.Registerer
	Runs     run.Deps // from Router to Now
}
