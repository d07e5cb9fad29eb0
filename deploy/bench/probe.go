package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	"github.com/imgfleet/imgfleet/deploy/bench/stat"
	programs "github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	heartbeatEvery = time.Second
	probeSlots     = 256
	waitsAfter     = 5 * time.Second
)

// probe is a worker that succeeds at once and remembers when it was called.
type probe struct {
	server *workerrpc.Server
	fleet  *workerrpc.FleetClient
	stop   context.CancelFunc
	ended  sync.WaitGroup

	mu      sync.Mutex
	entered map[task.ID]time.Time
}

func startProbe(ctx context.Context, r *rig.Rig) (p *probe, err error) {
	workerrpc.RouteLogs(slog.New(slog.DiscardHandler))
	p = &probe{entered: make(map[task.ID]time.Time)}
	p.server, err = workerrpc.Serve(ctx, workerrpc.ServerConfig{Listen: "127.0.0.1:0", Token: secret.New(r.Token()), Drain: time.Second}, p)
	if err != nil {
		return nil, err
	}
	if p.fleet, err = workerrpc.NewFleetClient(r.FleetAddr(), workerrpc.ClientConfig{Token: secret.New(r.Token())}); err != nil {
		return nil, err
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.ended.Go(func() { p.heartbeat(ctx) })
	return p, nil
}

func (p *probe) close() {
	p.stop()
	p.ended.Wait()
	_ = p.fleet.Close()
	_ = p.server.Close()
}

func (p *probe) heartbeat(ctx context.Context) {
	for range tick.AtOnce(ctx, heartbeatEvery) {
		_ = p.fleet.Heartbeat(ctx, workerrpc.Heartbeat{
			ID: "probe", Address: p.server.Addr().String(), Region: "bench", Capacity: probeSlots, Providers: []string{"mock"},
		})
	}
}

// Generate implements workerrpc.Worker.
func (p *probe) Generate(_ context.Context, a workerrpc.Attempt, send func(workerrpc.Update) error) error {
	now := time.Now()
	p.mu.Lock()
	p.entered[a.Task] = now
	p.mu.Unlock()
	return send(workerrpc.Update{Outcome: &workerrpc.Outcome{
		Task: a.Task, Number: a.Number, Result: task.OK, Width: 1, Height: 1, ContentType: "image/jpeg", Bytes: 1,
	}})
}

// Cancel implements workerrpc.Worker.
func (p *probe) Cancel(context.Context, task.ID, int) error { return nil }

// Inspect implements workerrpc.Worker: the probe judges no photos.
func (p *probe) Inspect(context.Context, workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	return workerrpc.Inspected{}, fault.New(fault.WorkerBusy)
}

// waits tells how long each accepted task waited until it was called. All of
// them must have been.
func (p *probe) waits(ctx context.Context, accepted []load.Accepted) (stat.Times, error) {
	var samples []time.Duration
	err := programs.Retry(ctx, waitsAfter, 50*time.Millisecond, func(context.Context) error {
		if samples = p.gather(accepted); len(samples) < len(accepted) {
			return fmt.Errorf("%d of %d tasks never reached the worker", len(accepted)-len(samples), len(accepted))
		}
		return nil
	})
	return stat.Of(samples), err
}

func (p *probe) gather(accepted []load.Accepted) (samples []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range accepted {
		if at, ok := p.entered[a.Task]; ok {
			samples = append(samples, at.Sub(a.CreatedAt))
		}
	}
	return samples
}
