package main

import (
	"context"
	"errors"
	"slices"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// openSecrets is the one place where a worker opens what is secret in its
// configuration, and judges what came out. It names every fault by its key.
func (c *Config) openSecrets(ctx context.Context, r secret.Resolver) (secret.Opened, error) {
	o, err := r.Open(ctx, config.Secrets(c.own()))
	_, wrong := providers(c, o.Given, provider.NewMetrics(nil))
	return o, errors.Join(err, wrong)
}

// calls reports whether a provider is called from this worker's region.
func (c *Config) calls(p provider.Config) bool {
	return p.Region == "" || p.Region == c.Worker.Region
}

// own is the configuration without the secrets of other regions' providers: a
// worker is not given those.
func (c *Config) own() *Config {
	own := *c
	own.Providers = slices.Clone(c.Providers)
	for i := range own.Providers {
		if p := &own.Providers[i]; !c.calls(*p) {
			p.APIKey, p.Proxy = secret.Ref{}, secret.URL{}
		}
	}
	return &own
}

// openSecrets is the same for a worker that plays vendors.
func (s *simulation) openSecrets(ctx context.Context, r secret.Resolver) error {
	o, err := r.Open(ctx, config.Secrets(s))
	if err != nil {
		return err
	}
	for i := range s.Simulate.Vendors {
		v := &s.Simulate.Vendors[i]
		v.Key = o.Value(v.APIKey)
	}
	return nil
}
