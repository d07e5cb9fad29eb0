package rig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

const (
	startWithin = 60 * time.Second
	pollEvery   = 50 * time.Millisecond
)

// Rig is one gateway, its workers and their data.
type Rig struct {
	options Options
	bin     Binaries
	ports   ports
	gateway *program
	workers []*program
	admin   *operator.Client
	web     http.Client // of the questions that operator.Client does not ask
}

// Start starts a gateway and waits until it serves.
func Start(ctx context.Context, bin Binaries, o Options) (*Rig, error) {
	p, err := freePorts(ctx)
	if err != nil {
		return nil, err
	}
	r := &Rig{options: o, bin: bin, ports: p}
	if r.admin, err = operator.NewClient(operator.ClientConfig{Server: "http://" + p.admin, Token: token, Who: "bench"}); err != nil {
		return nil, err
	}
	if err := os.WriteFile(r.file(), []byte(o.yaml(p, r.Data())), 0o600); err != nil {
		return nil, err
	}
	if err := r.startGateway(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Rig) file() string { return filepath.Join(r.options.Dir, "imgfleet.yaml") }

// Data is the gateway's data directory.
func (r *Rig) Data() string { return filepath.Join(r.options.Dir, "data") }

func (r *Rig) startGateway(ctx context.Context) (err error) {
	r.gateway, err = launch(r.bin.Gateway, filepath.Join(r.options.Dir, "gateway.log"), "-config", r.file())
	if err != nil {
		return err
	}
	err = r.await(ctx, "gateway to serve", func() (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL()+"/readyz", nil)
		if err != nil {
			return false, err
		}
		resp, err := r.web.Do(req)
		if err != nil {
			return false, nil
		}
		return resp.StatusCode == http.StatusOK, resp.Body.Close()
	})
	if err != nil {
		r.Close()
	}
	return err
}

// Restart stops the gateway gracefully and starts it on the same data.
func (r *Rig) Restart(ctx context.Context) error {
	r.gateway.stop()
	return r.startGateway(ctx)
}

// StartWorkers adds workers and waits until the gateway counts on them.
func (r *Rig) StartWorkers(ctx context.Context, n int) error {
	for range n {
		i := strconv.Itoa(len(r.workers))
		w, err := launch(r.bin.Worker, filepath.Join(r.options.Dir, "worker"+i+".log"), "-config", r.file())
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
		w.stop()
	}
	r.workers = nil
	return r.AwaitWorkers(ctx, 0)
}

// AwaitWorkers waits until so many workers are there and take tasks.
func (r *Rig) AwaitWorkers(ctx context.Context, n int) error {
	return r.await(ctx, fmt.Sprintf("%d workers", n), func() (bool, error) {
		ws, err := r.admin.Workers(ctx)
		if err != nil {
			return false, err
		}
		live := 0
		for _, w := range ws {
			if w.Present && !w.Draining && !w.Drained {
				live++
			}
		}
		return live == n, nil
	})
}

func (r *Rig) await(ctx context.Context, what string, done func() (bool, error)) error {
	for end := time.Now().Add(startWithin); time.Now().Before(end); {
		ok, err := done()
		switch {
		case err != nil:
			return fmt.Errorf("wait for %s: %w", what, err)
		case ok:
			return nil
		case r.gateway.gone():
			return fmt.Errorf("wait for %s: the gateway ended, see %s", what, r.options.Dir)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
	return errors.New("waited too long for " + what)
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
	c.URL, c.Token = r.EngineURL(), token
	return engine.Open(ctx, c)
}

// Close stops everything and removes the data.
func (r *Rig) Close() {
	for _, w := range r.workers {
		w.stop()
	}
	r.workers = nil
	r.gateway.stop()
	_ = os.RemoveAll(r.options.Dir)
}
