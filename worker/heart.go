package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const beatEvery = time.Second

// heart tells every gateway once a second that this worker lives.
type heart struct {
	beat     workerrpc.Beat
	inFlight func() int
	gateways []string
	client   workerrpc.ClientConfig
	logger   *slog.Logger

	draining atomic.Bool
	mu       sync.Mutex
	wake     []chan struct{}
}

// drain tells at once that no new work is taken.
func (h *heart) drain() {
	h.draining.Store(true)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.wake {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// run beats until ctx ends; each gateway has its own pace, so that a dead one
// delays nobody.
func (h *heart) run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, addr := range h.gateways {
		c, err := workerrpc.NewFleetClient(addr, h.client)
		if err != nil {
			return fmt.Errorf("fleet.gateways: %w", err)
		}
		wake := make(chan struct{}, 1)
		h.mu.Lock()
		h.wake = append(h.wake, wake)
		h.mu.Unlock()
		wg.Go(func() {
			h.pulse(ctx, addr, c, wake)
			_ = c.Close()
		})
	}
	<-ctx.Done()
	return nil
}

func (h *heart) pulse(ctx context.Context, addr string, c *workerrpc.FleetClient, wake <-chan struct{}) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	heard := true
	for {
		err := c.Beat(ctx, h.now())
		if ctx.Err() != nil {
			return
		}
		if ok := err == nil; ok != heard {
			heard = ok
			h.report(addr, err)
		}
		select {
		case <-tick.C:
		case <-wake:
		case <-ctx.Done():
			return
		}
	}
}

func (h *heart) now() workerrpc.Beat {
	b := h.beat
	b.InFlight, b.Draining = h.inFlight(), h.draining.Load()
	return b
}

// report logs when a gateway is lost and when it is back, not each beat.
func (h *heart) report(addr string, err error) {
	if err == nil {
		h.logger.Info("gateway hears us", "gateway", addr)
		return
	}
	h.logger.Warn("gateway does not hear us", "gateway", addr, "kind", fault.KindOf(err).String(), "error", err.Error())
}
