package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/worker/admin"
)

// observed is where this worker is observed, and the key that says so:
// worker.metrics is the name that worker.admin.listen had.
func (w workerConfig) observed() (key, address string) {
	if w.Metrics != "" {
		return "worker.metrics", w.Metrics
	}
	return "worker.admin.listen", w.Admin.Listen
}

// observe takes the address; nil when there is none to take.
func observe(ctx context.Context, c *Config, h *heartbeats, reg *prometheus.Registry, logger *slog.Logger) (*admin.Server, error) {
	key, address := c.Worker.observed()
	if address == "" {
		return nil, nil
	}
	s, err := admin.Listen(ctx, address, admin.Deps{Metrics: telemetry.Handler(reg), Ready: h.ready, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return s, nil
}

// shown is the address for the log.
func shown(s *admin.Server) string {
	if s == nil {
		return "off"
	}
	return s.Addr().String()
}
