package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	heartbeatEvery = time.Second
	heartbeatSaid  = 10 * time.Second // how often the same refusal is logged at most
)

// heartbeats tells every gateway once a second that this worker lives.
type heartbeats struct {
	worker   workerrpc.Heartbeat // what never changes of one
	inFlight func() int
	spooled  func() []string // attempts of dead workers whose pictures are here
	gateways []string
	client   workerrpc.ClientConfig
	logger   *slog.Logger
	draining chan struct{} // closed when no new work is taken

	registered registered
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
	b, draining, said := h.worker, h.draining, news{worth: telemetry.SeldomOf{Every: heartbeatSaid}}
	for {
		b.InFlight, b.Spooled, b.SentMS = h.inFlight(), h.spooled(), time.Now().UnixMilli()
		err := c.Heartbeat(ctx, b)
		if ctx.Err() != nil {
			return
		}
		h.registered.note(addr, err)
		if said.fresh(err) {
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

// report logs when a gateway is lost, why when that changes, and when it is
// back; not every heartbeat.
func (h *heartbeats) report(addr string, err error) {
	if err == nil {
		h.logger.Info("gateway takes heartbeats again", "gateway", addr)
		return
	}
	h.logger.Warn("gateway takes no heartbeats", "gateway", addr, "code", fault.CodeOf(err), "reason", reason(err))
}

// news knows what was said of one gateway.
type news struct {
	last  string // "" while it takes heartbeats
	worth telemetry.SeldomOf
}

// fresh reports whether the outcome of a heartbeat is worth a line.
func (n *news) fresh(err error) bool {
	why := ""
	if err != nil {
		why = reason(err)
	}
	if why == n.last || why != "" && !n.worth.Worth(why) {
		return false
	}
	n.last = why
	return true
}

// reason says in an operator's words why a gateway takes no heartbeats.
func reason(err error) string {
	switch code := fault.CodeOf(err); code {
	case fault.FleetTokenInvalid:
		return "it refuses our fleet.token"
	case fault.WorkerUnreachable:
		return "it cannot be reached: " + innermost(err)
	case fault.EngineUnavailable, fault.EngineTimeout:
		return "it waits for its engine"
	}
	return err.Error()
}

// innermost is what the network said, without the words of those who passed it
// on.
func innermost(err error) string {
	text := err.Error()
	for _, from := range []string{"dial ", "tls: ", "x509: "} {
		if i := strings.Index(text, from); i >= 0 {
			return text[i:]
		}
	}
	return text
}
