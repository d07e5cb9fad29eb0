package main

import (
	"context"
	"errors"

	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

const (
	checkEngine  = operator.CheckEngine
	checkStore   = "store"
	checkWorkers = operator.CheckWorkers
)

var errNoWorker = errors.New("no worker is registered")

// buildReady names what this gateway works with.
func (g *gateway) buildReady(ctx context.Context) error {
	probe, err := g.engine.Probe(ctx, g.id)
	if err != nil {
		return err
	}
	g.ready = readiness.New([]readiness.Check{
		{Name: checkEngine, Probe: probe.Check},
		{Name: checkStore, Probe: g.store.Probe},
		{Name: checkWorkers, Need: readiness.AtFirst, Probe: g.someWorker},
	}, g.alarmOf)
	return g.reg.Register(newGauges(g))
}

// someWorker reports whether a worker was heard of lately.
func (g *gateway) someWorker(context.Context) error {
	if !g.fleet.Heard() {
		return fault.Wrap(fault.NoWorkers, errNoWorker)
	}
	return nil
}
