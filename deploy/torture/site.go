package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

const (
	gatewayCount  = 2
	workerCount   = 3
	adminToken    = "torture-admin-token"
	engineToken   = "torture-engine"
	stopGrace     = 20 * time.Second
	startPatience = 3 * time.Minute
	priceFen      = 20
)

// site is everything that runs: two gateways, the first with the engine
// inside and the second connected to it, over one shared object store, and
// three workers in two regions. With -engines the engine is a cluster of three
// nodes, and a third gateway joins later. Ports stay the same over all restarts.
type site struct {
	engine   *rig.Engine // nil: in the first gateway
	gateways []*rig.Process
	late     *rig.Process // the gateway that joins later, nil for none
	workers  []*rig.Process
	public   []string // base URLs of the gateways
	admin    []*operator.Client
	data     string
	journal  string   // of the mocks' calls
	vendors  *vendors // nil: the mocks
}

// join starts the late gateway, which is one like the others from then on.
func (s *site) join() error {
	s.gateways, s.late = append(s.gateways, s.late), nil
	return s.gateways[len(s.gateways)-1].Start()
}

func (s *site) all() (all []*rig.Process) {
	if s.engine != nil {
		all = append(all, s.engine.Nodes...)
	}
	return append(append(all, s.gateways...), s.workers...)
}

// up starts whatever does not run and waits until the gateways are ready and
// the whole fleet is registered.
func (s *site) up(ctx context.Context) error {
	if s.vendors != nil {
		if err := s.vendors.up(ctx); err != nil {
			return err
		}
	}
	if err := s.upEngine(ctx); err != nil {
		return err
	}
	for _, p := range s.all() {
		if err := p.Start(); err != nil {
			return err
		}
	}
	for i := range s.gateways {
		if err := s.ready(ctx, i, workerCount, startPatience); err != nil {
			return err
		}
	}
	return nil
}

// upEngine starts the nodes of the engine and waits until they answer.
func (s *site) upEngine(ctx context.Context) error {
	if s.engine == nil {
		return nil
	}
	if err := s.engine.Start(); err != nil {
		return err
	}
	return rig.Retry(ctx, time.Minute, 100*time.Millisecond, func(ctx context.Context) error {
		_, err := enginetest.Streams(ctx, s.engine.URL, s.engine.Token)
		return err
	})
}

// ready waits for a gateway that serves and sees workers.
func (s *site) ready(ctx context.Context, gateway, workers int, within time.Duration) error {
	err := rig.Retry(ctx, within, 100*time.Millisecond, func(ctx context.Context) error {
		status, err := s.admin[gateway].Status(ctx)
		if err == nil && (!status.Ready || status.Workers < workers) {
			err = fmt.Errorf("ready: %v, %d workers, trouble: %q", status.Ready, status.Workers, status.Trouble)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s did not get ready with %d workers (see %s): %w", s.gateways[gateway].Name(), workers, s.gateways[gateway].LogPath(), err)
	}
	return err
}

// restart waits until everything is ready after the last kill, stops it
// gracefully and starts it again.
func (s *site) restart(ctx context.Context) error {
	if err := s.up(ctx); err != nil {
		return err
	}
	if err := s.down(ctx); err != nil {
		return err
	}
	return s.up(ctx)
}

// down stops everything gracefully: gateways first, so that nobody calls a
// worker that is gone, and the one with the engine last of them.
func (s *site) down(ctx context.Context) error {
	order := slices.Clone(s.gateways)
	slices.Reverse(order)
	order = append(order, s.workers...)
	if s.engine != nil {
		order = append(order, s.engine.Nodes...)
	}
	for _, p := range order {
		if err := p.Stop(ctx, stopGrace); err != nil {
			return fmt.Errorf("stop %s: %w", p.Name(), err)
		}
	}
	return nil
}

// kill ends everything at once.
func (s *site) kill() {
	for _, p := range s.all() {
		p.Kill()
	}
	if s.vendors != nil {
		s.vendors.process.Kill()
	}
}

// crashes counts by program the processes that ended by themselves.
func (s *site) crashes() map[string]int {
	out := map[string]int{}
	all := s.all()
	if s.vendors != nil {
		all = append(all, s.vendors.process)
	}
	for _, p := range all {
		if n := p.Crashes(); n > 0 {
			out[p.Name()] = n
		}
	}
	return out
}

// takeovers counts how often dispatch changed hands, from the logs.
func (s *site) takeovers() (n int) {
	for _, p := range s.gateways {
		rig.Lines(p.LogPath(), "dispatch leads", func([]byte) { n++ })
	}
	return max(0, n-1)
}
