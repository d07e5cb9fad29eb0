package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

const (
	startWithin = 60 * time.Second
	stopWithin  = 15 * time.Second
	pollEvery   = 50 * time.Millisecond
)

// Rig is one gateway, its workers and their data.
type Rig struct {
	options  Options
	programs rig.Programs
	ports    ports
	gateway  *rig.Process
	workers  []*rig.Process
	admin    *operator.Client
	web      http.Client // of the questions that operator.Client does not ask
}

// Start starts a gateway and waits until it serves.
func Start(ctx context.Context, programs rig.Programs, o Options) (*Rig, error) {
	free, err := rig.FreePorts(ctx, 4)
	if err != nil {
		return nil, err
	}
	p := ports{http: free[0], admin: free[1], fleet: free[2], engine: free[3]}
	r := &Rig{options: o, programs: programs, ports: p}
	if r.admin, err = operator.NewClient(operator.ClientConfig{Server: "http://" + p.admin, Token: secret.New(token), Who: "bench"}); err != nil {
		return nil, err
	}
	if r.gateway, err = r.process("gateway", rig.Gateway); err != nil {
		return nil, err
	}
	err = r.startGateway(ctx)
	return r, err
}

// process describes one in the environment of this one.
func (r *Rig) process(name, program string) (*rig.Process, error) {
	return r.programs.Configured(r.options.Dir, name, program, nil, r.options.config(r.ports, r.Data()))
}

// Data is the gateway's data directory.
func (r *Rig) Data() string { return filepath.Join(r.options.Dir, "data") }

func (r *Rig) startGateway(ctx context.Context) error {
	if err := r.gateway.Start(); err != nil {
		return err
	}
	err := r.await(ctx, "gateway to serve", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL()+"/readyz?verbose", nil)
		if err != nil {
			return err
		}
		resp, err := r.web.Do(req)
		if err != nil {
			return err
		}
		var found operator.Readiness
		err = errors.Join(json.NewDecoder(resp.Body).Decode(&found), resp.Body.Close())
		if err == nil && !found.Serves() { // workers come later
			err = errors.New(resp.Status)
		}
		return err
	})
	if err != nil {
		r.Close()
	}
	return err
}

// Restart stops the gateway gracefully and starts it on the same data.
func (r *Rig) Restart(ctx context.Context) error {
	_ = r.gateway.Stop(ctx, stopWithin)
	return r.startGateway(ctx)
}

// StartWorkers adds workers and waits until the gateway counts on them.
func (r *Rig) StartWorkers(ctx context.Context, n int) error {
	for range n {
		w, err := r.process("worker"+strconv.Itoa(len(r.workers)), rig.Worker)
		if err == nil {
			err = w.Start()
		}
		if err != nil {
			return err
		}
		r.workers = append(r.workers, w)
	}
	return r.AwaitWorkers(ctx, len(r.workers))
}

// StopWorkers stops all workers and waits until the gateway knows.
func (r *Rig) StopWorkers(ctx context.Context) error {
	for _, w := range r.workers {
		_ = w.Stop(ctx, stopWithin)
	}
	r.workers = nil
	return r.AwaitWorkers(ctx, 0)
}

// AwaitWorkers waits until so many workers are there and take tasks.
func (r *Rig) AwaitWorkers(ctx context.Context, n int) error {
	return r.await(ctx, fmt.Sprintf("%d workers", n), func(ctx context.Context) error {
		ws, err := r.admin.Workers(ctx)
		live := 0
		for _, w := range ws {
			if w.Present && !w.Draining && !w.Drained {
				live++
			}
		}
		if err == nil && live != n {
			err = fmt.Errorf("there are %d", live)
		}
		return err
	})
}

func (r *Rig) await(ctx context.Context, what string, try func(context.Context) error) error {
	if err := rig.Retry(ctx, startWithin, pollEvery, try); err != nil {
		return fmt.Errorf("wait for %s (see %s): %w", what, r.options.Dir, err)
	}
	return nil
}

// URL is where clients reach the gateway; Addr is the same without a scheme.
func (r *Rig) URL() string { return "http://" + r.ports.http }

// Addr is where clients connect.
func (r *Rig) Addr() string { return r.ports.http }

// FleetAddr and Token are what a worker of our own needs.
func (r *Rig) FleetAddr() string { return r.ports.fleet }

// Token is the one secret of the rig.
func (r *Rig) Token() string { return token }

// EngineURL is where the gateway's embedded engine listens.
func (r *Rig) EngineURL() string { return "nats://" + r.ports.engine }

// Engine connects to the gateway's engine from outside, as a second gateway
// would. Close it.
func (r *Rig) Engine(ctx context.Context) (*engine.Engine, error) {
	c := engine.Defaults()
	c.URL, c.Token = r.EngineURL(), secret.New(token)
	return engine.Open(ctx, c)
}

// Close stops everything and removes the data.
func (r *Rig) Close() {
	for _, p := range append(r.workers, r.gateway) {
		_ = p.Stop(context.Background(), stopWithin)
	}
	r.workers = nil
	_ = os.RemoveAll(r.options.Dir)
}
