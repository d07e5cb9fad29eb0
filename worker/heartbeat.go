package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const heartbeatEvery = time.Second

// heartbeats tells every gateway once a second that this worker lives.
type heartbeats struct {
	worker   workerrpc.Heartbeat // what never changes of one
	inFlight func() int
	gateways []string
	client   workerrpc.ClientConfig
	logger   *slog.Logger
	draining chan struct{} // closed when no new work is taken
}

// drain tells all gateways at once that no new work is taken. It is called
// once.
func (h *heartbeats) drain() { close(h.draining) }

// run sends heartbeats until ctx ends. Each gateway has a goroutine of its own,
// so that one that does not answer delays no other.
func (h *heartbeats) run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, addr := range h.gateways {
		c, err := workerrpc.NewFleetClient(addr, h.client)
		if err != nil {
			return fmt.Errorf("fleet.gateways: %w", err)
		}
		wg.Go(func() {
			h.send(ctx, addr, c)
			_ = c.Close()
		})
	}
	<-ctx.Done()
	return nil
}

func (h *heartbeats) send(ctx context.Context, addr string, c *workerrpc.FleetClient) {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	b, draining, reached := h.worker, h.draining, true
	for {
		b.InFlight = h.inFlight()
		err := c.Heartbeat(ctx, b)
		if ctx.Err() != nil {
			return
		}
		if ok := err == nil; ok != reached {
			reached = ok
			h.report(addr, err)
		}
		select {
		case <-tick.C:
		case <-draining:
			b.Draining, draining = true, nil
		case <-ctx.Done():
			return
		}
	}
}

// report logs when a gateway is lost and when it is back, not every heartbeat.
func (h *heartbeats) report(addr string, err error) {
	if err == nil {
		h.logger.Info("gateway takes heartbeats again", "gateway", addr)
		return
	}
	h.logger.Warn("gateway takes no heartbeats", "gateway", addr, "kind", fault.KindOf(err).String(), "error", err.Error())
}
