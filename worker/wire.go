package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/moderation"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/admin"
	"github.com/imgfleet/imgfleet/worker/generate"
	"github.com/imgfleet/imgfleet/worker/label"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/spool"
)

// serve builds everything, works until ctx ends, drains and returns.
func serve(ctx context.Context, c *Config, opened secret.Opened, logger *slog.Logger) error {
	for _, w := range c.Warnings() {
		logger.Warn("configuration", "warning", w)
	}
	reg := telemetry.NewRegistry()
	telemetry.Built(reg, "worker", version)
	token, from := opened.Value(c.Fleet.Token), c.fleetToken()
	listen, call, err := c.TLS.Load(workerrpc.RoleWorker)
	if err != nil {
		return err
	}
	decoder, err := decoder(ctx, c.Picture, logger)
	if err != nil {
		return err
	}
	kept, err := c.openSpool(logger)
	if err != nil {
		return err
	}
	defer kept.Close()
	work, names, err := build(c, opened, decoder, kept, reg, logger)
	if err != nil {
		return err
	}
	var decoding sync.WaitGroup
	defer decoding.Wait()
	decodes, done := context.WithCancel(context.WithoutCancel(ctx)) // draining attempts may need it
	defer done()
	decoding.Go(func() { decoder.Run(decodes) })
	decoding.Go(func() { kept.Run(decodes) })
	server, err := workerrpc.Serve(ctx, workerrpc.ServerConfig{
		Listen: c.Worker.Listen, Token: token, TokenFrom: from, TLS: listen, Drain: 5 * time.Second, Logger: logger,
	}, work)
	if err != nil {
		return err
	}
	h := &heartbeats{
		worker: heartbeat(c, server.Addr(), names, work.Inspects()), inFlight: work.InFlight, spooled: work.Spooled, logger: logger, draining: make(chan struct{}),
		gateways: c.Fleet.Gateways, client: workerrpc.ClientConfig{Token: token, TokenFrom: from, TLS: call},
	}
	observed, err := observe(ctx, c, h, reg, logger)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	return live(ctx, c, work, server, h, observed, logger)
}

// decoder are the processes for pictures that may not be decoded in this one:
// the same program.
func decoder(ctx context.Context, c pictureConfig, logger *slog.Logger) (*sandbox.Sandbox, error) {
	cfg, err := c.choose(ctx)
	if err != nil {
		return nil, err
	}
	logger.Info("photos are decoded in processes of their own", "heic", cfg.HEIF, "processes", cfg.Decoders, "memory", cfg.Memory)
	if !sandbox.Enclosed() {
		logger.Warn("the processes that decode photos are not enclosed: this system has no system call filters (seccomp)")
	}
	return sandbox.New(cfg, logger), nil
}

// choose finds out which decoder this machine has.
func (p pictureConfig) choose(ctx context.Context) (cfg sandbox.Config, err error) {
	cfg = p.sandbox()
	if cfg.Program, err = os.Executable(); err != nil {
		return cfg, fmt.Errorf("find this program: %w", err)
	}
	if p.HEIF.Validate() != nil {
		return cfg, nil // said already
	}
	if cfg.HEIF, err = sandbox.Choose(ctx, cfg.Program, p.HEIF); err != nil {
		err = fmt.Errorf("picture.heif: %w; auto takes wasm instead", err)
	}
	return cfg, err
}

// build puts the stages of an attempt together.
func build(c *Config, o secret.Opened, decoder *sandbox.Sandbox, kept *spool.Spool, reg *prometheus.Registry, logger *slog.Logger) (*generate.Worker, []string, error) {
	made, err := providers(c, o.Value, provider.NewMetrics(reg))
	if err != nil {
		return nil, nil, err
	}
	labels, err := label.New(c.Label)
	if err != nil {
		return nil, nil, err
	}
	pixels, err := moderation.NewPictures(c.Moderation)
	if err != nil {
		return nil, nil, err
	}
	if !pixels.Judges() {
		logger.Warn("pictures are not moderated", "moderation", c.Moderation.Kind)
	}
	cfg := generate.Defaults()
	cfg.Capacity = c.Worker.Capacity
	cfg.NoLoopback = c.prod() && check.Beyond(c.Worker.Listen) // one that listens on loopback serves the gateway beside it
	work := generate.New(cfg, generate.Parts{
		Providers: made, Pictures: picture.New(c.Limits.pictures(), decoder), Labels: labels, Pixels: pixels,
		Spool: kept, Logger: logger, Registry: reg,
	})
	return work, slices.Sorted(maps.Keys(made)), nil
}

// live sends heartbeats and serves until ctx ends, then drains: gateways are told
// first, running attempts end, and only then does the listener close.
func live(ctx context.Context, c *Config, work *generate.Worker, server *workerrpc.Server, h *heartbeats, observed *admin.Server, logger *slog.Logger) error {
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	failed := make(chan error, 2)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := h.run(alive); err != nil {
			failed <- err
		}
	})
	if observed != nil {
		wg.Go(func() {
			if err := observed.Run(alive); err != nil {
				failed <- err
			}
		})
	}
	logger.Info("worker serves", "address", h.worker.Address, "admin", shown(observed), "region", c.Worker.Region, "capacity", c.Worker.Capacity,
		"providers", h.worker.Providers, "version", version)
	var err error
	select {
	case <-ctx.Done():
		err = drain(c.Worker.Drain, work, h, logger)
	case err = <-failed:
	}
	err = errors.Join(err, server.Close())
	stop()
	wg.Wait()
	return err
}

func drain(limit time.Duration, work *generate.Worker, h *heartbeats, logger *slog.Logger) error {
	logger.Info("worker drains", "in_flight", work.InFlight())
	work.Draining()
	h.drain()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := work.Drain(ctx); err != nil {
		// Not a failure of this process: gateways resume these elsewhere.
		logger.Warn("attempts were cut off", "in_flight", work.InFlight())
	}
	return nil
}

// heartbeat is what this worker says of itself.
func heartbeat(c *Config, listening net.Addr, names []string, inspects int) workerrpc.Heartbeat {
	address := c.Worker.Advertise
	if address == "" {
		address = listening.String()
	}
	return workerrpc.Heartbeat{
		ID: c.Worker.Region + "-" + task.NewID()[:10], Address: address, Region: c.Worker.Region,
		Capacity: c.Worker.Capacity, Providers: names, Version: version, Inspects: inspects,
	}
}
