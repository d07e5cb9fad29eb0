package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// check looks at what the configuration names, as the first step of every
// start: it reads files and the environment, and neither connects, listens nor
// writes. What it opened is what the worker works with.
func (c *Config) check(ctx context.Context, r secret.Resolver) (secret.Opened, error) {
	o, err := c.openSecrets(ctx, r)
	_, _, identity := c.TLS.Load(workerrpc.RoleWorker)
	_, decoder := c.Picture.choose(ctx)
	return o, errors.Join(err, identity, decoder, c.checkKept(), c.checkSpool())
}

// Warnings are what an operator should know of a configuration that works.
func (c *Config) Warnings() []string {
	said := c.TLS.Warnings(workerrpc.RoleWorker)
	if len(c.Fleet.Gateways) == 0 && !c.prod() { // there it is refused
		said = append(said, "fleet.gateways: is empty, so no gateway hears of this worker")
	}
	if !slices.ContainsFunc(c.Providers, func(p provider.Config) bool { return c.calls(p) }) {
		said = append(said, fmt.Sprintf("worker.region: no provider is called from region %q", c.Worker.Region))
	}
	if c.Worker.Metrics != "" {
		said = append(said, "worker.metrics: is called worker.admin.listen now; the next release does not know the old name")
	}
	if c.Worker.nowhere() && !c.prod() {
		said = append(said, fmt.Sprintf("worker.advertise: is not set, so gateways call %s, which is no address of another machine", c.Worker.Listen))
	}
	return said
}
