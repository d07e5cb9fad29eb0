package main

import (
	"fmt"
	"slices"

	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Warnings are what an operator should know of a configuration that works.
func (c *Config) Warnings() []string {
	said := c.TLS.Warnings(workerrpc.RoleGateway)
	for i, p := range c.Providers {
		if p.unpriced() && !c.prod() { // there it is refused
			said = append(said, fmt.Sprintf("providers[%d].priceFen: is missing, so no budget and no limit on second payments counts the calls to %s; "+
				"write what a picture costs in fen, or 0 for a server of your own", i, p.Name))
		}
		if p.Kind == mock && p.Weight != nil && *p.Weight > 0 && c.prod() && c.models() {
			said = append(said, fmt.Sprintf("providers[%d].weight: has no effect, since in prod the mock only stands in for real models; write 0", i))
		}
	}
	r := c.routing()
	stands := c.Fallback.Mock == nil || r.HasMock()
	for _, w := range r.Fallback().Warnings(stands) {
		said = append(said, "fallback: "+w)
	}
	if w := processDescriptors().warning(); w != "" {
		said = append(said, w)
	}
	return append(said, c.idle()...)
}

// unpriced reports whether nobody has said what a real model's picture costs.
func (p providerConfig) unpriced() bool { return p.Kind != mock && p.PriceFen == nil }

// models reports whether a real model is configured.
func (c *Config) models() bool {
	return slices.ContainsFunc(c.Providers, func(p providerConfig) bool { return p.Kind != mock })
}
