package main

import (
	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/production"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// facts are what the table of prod asks of a worker's configuration. Prices
// are the gateway's business.
func (c *Config) facts() production.Facts {
	key, address := c.Worker.observed()
	f := production.Facts{
		Environment: c.Environment,
		Listeners: []production.Listener{
			{Key: "worker.listen", Address: c.Worker.Listen, Proof: production.Mutual, TLS: !c.TLS.Empty()},
			{Key: key, Address: address},
		},
		Secrets: config.Secrets(c),
		Egress:  c.Egress.Allow,
	}
	if len(c.Fleet.Gateways) == 0 {
		f.Lacks = append(f.Lacks, production.Lack{Key: "fleet.gateways", Wanted: "the fleet listeners of all gateways, such as 10.0.0.5:8082"})
	}
	if c.Worker.nowhere() {
		f.Lacks = append(f.Lacks, production.Lack{Key: "worker.advertise", Wanted: "this worker's address as gateways reach it, such as 10.0.0.7:8090; worker.listen stands for every address"})
	}
	for _, p := range c.Providers {
		f.Providers = append(f.Providers, production.Provider{Name: p.Name, Real: p.Kind != provider.Mock, Priced: true})
	}
	return f
}

// prod reports whether this worker draws for people.
func (c *Config) prod() bool { return c.Environment == production.Prod }
