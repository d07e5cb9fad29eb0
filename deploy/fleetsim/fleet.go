package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

const (
	workerCount = 2
	capacity    = 96 // of a worker
	adminToken  = "fleetsim-admin-token"
	fleetToken  = "fleetsim-fleet"
	stopGrace   = 20 * time.Second
	startWithin = time.Minute
)

// fleet is everything that runs in one arm: the vendors, a gateway with the
// engine inside, and workers.
type fleet struct {
	config    Config
	arm       arm
	processes []*rig.Process // in the order in which they start
	public    string
	vendors   rig.Desk
	admin     *operator.Client
}

// plan writes the configuration of every process into dir.
func plan(ctx context.Context, c Config, a arm, programs rig.Programs, dir string) (*fleet, error) {
	ports, err := rig.FreePorts(ctx, 4+workerCount+len(a.vendors))
	if err != nil {
		return nil, err
	}
	public, admin, fleetAt, desk, ports := ports[0], ports[1], ports[2], ports[3], ports[4:]
	f := &fleet{config: c, arm: a, public: "http://" + public, vendors: rig.Desk(desk)}
	if f.admin, err = operator.NewClient(operator.ClientConfig{Server: "http://" + admin, Token: secret.New(adminToken), Who: "fleet-sim"}); err != nil {
		return nil, err
	}
	add := func(name, program string, config map[string]any, args ...string) error {
		p, err := programs.Configured(dir, name, program, c.Environ, config, args...)
		f.processes = append(f.processes, p)
		return err
	}
	played, asked := rig.Simulated(desk, f.list(ports[workerCount:]))
	asked = append(asked, map[string]any{"name": "mock", "kind": "mock", "weight": 0}) // it stands in where that is allowed
	if err := add("vendors", rig.Worker, played, "-simulate"); err != nil {
		return nil, err
	}
	if err := add("gateway", rig.Gateway, f.gateway(dir, public, admin, fleetAt, asked)); err != nil {
		return nil, err
	}
	for i := range workerCount {
		err := add(fmt.Sprintf("worker%d", i+1), rig.Worker, map[string]any{
			"providers": asked, "fleet": map[string]any{"gateways": []string{fleetAt}, "token": fleetToken},
			"worker": map[string]any{"listen": ports[i], "advertise": ports[i], "region": []string{"east", "west"}[i%2], "capacity": capacity},
		})
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// list is every vendor: how its double behaves, and its providers entry.
func (f *fleet) list(ports []string) (all []rig.Vendor) {
	for i, v := range f.arm.vendors {
		all = append(all, rig.Vendor{
			Name: v.name, Kind: v.kind, Listen: ports[i], Prefix: v.prefix, Knobs: v.knobs(f.config, v.faults, f.config.Seed+uint64(i)),
			Asked: map[string]any{"model": v.model, "weight": v.weight, "priceFen": priceFen, "timeout": f.brief(v.timeout)},
		})
	}
	return all
}

// brief is a real time, scaled to the speed of the simulation.
func (f *fleet) brief(d time.Duration) string { return (d / time.Duration(f.config.Scale)).String() }

func (f *fleet) gateway(dir, public, admin, fleetAt string, providers []map[string]any) map[string]any {
	return map[string]any{
		"http":  map[string]any{"listen": public},
		"admin": map[string]any{"listen": admin, "token": adminToken},
		"fleet": map[string]any{"listen": fleetAt, "token": fleetToken},
		"data":  map[string]any{"dir": filepath.Join(dir, "data")},
		"limits": map[string]any{
			"sessionDaily": 1_000_000, "sessionActive": 1_000_000, "sessionPerMinute": 0, "ipPerMinute": 0, "ipDaily": 0, "ipSessionsPerHour": 0,
		},
		"fallback":  f.arm.fallback.section(f.brief),
		"providers": providers,
	}
}

// up starts everything and waits until the gateway sees all workers.
func (f *fleet) up(ctx context.Context) error {
	for _, p := range f.processes {
		if err := p.Start(); err != nil {
			return err
		}
	}
	return rig.Retry(ctx, startWithin, 50*time.Millisecond, func(ctx context.Context) error {
		if _, err := f.vendors.Books(ctx); err != nil {
			return err
		}
		s, err := f.admin.Status(ctx)
		if err == nil && (!s.Ready || s.Workers != workerCount) {
			err = fmt.Errorf("ready: %v, %d workers", s.Ready, s.Workers)
		}
		return err
	})
}

// down stops everything gracefully, the vendors last. It fails when a process
// had ended by itself.
func (f *fleet) down(ctx context.Context) error {
	for _, i := range []int{1, 2, 3, 0} {
		p := f.processes[i]
		if err := p.Stop(ctx, stopGrace); err != nil {
			return fmt.Errorf("stop %s: %w", p.Name(), err)
		}
		if p.Crashes() > 0 {
			return fmt.Errorf("%s ended by itself, see %s", p.Name(), p.LogPath())
		}
	}
	return nil
}

// kill ends everything at once.
func (f *fleet) kill() {
	for _, p := range f.processes {
		p.Kill()
	}
}
