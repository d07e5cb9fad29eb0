package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/mock"
)

// driver builds the driver of one provider. The key is resolved already.
func driver(c provider.Config, _ string) (provider.Driver, error) {
	switch c.Kind {
	case "mock":
		knobs, err := mock.ParseKnobs(c.Model)
		if err != nil {
			return nil, err
		}
		return mock.New(c.Name, knobs)
	default:
		return nil, fmt.Errorf("kind: %q is not supported by this build", c.Kind)
	}
}

// drivable names every provider that cannot be built, secrets apart.
func drivable(list []provider.Config) error {
	var errs []error
	for i, c := range list {
		if c.Kind == "" {
			continue // reported already
		}
		_, err := driver(c, "")
		for _, line := range config.Faults(err) {
			errs = append(errs, fmt.Errorf("providers[%d].%s", i, line))
		}
	}
	return errors.Join(errs...)
}

// providers builds what this region may call.
func providers(ctx context.Context, c *Config, r secret.Resolver, m *provider.Metrics) (map[string]*provider.Provider, error) {
	out := map[string]*provider.Provider{}
	for _, one := range c.Providers {
		if one.Region != "" && one.Region != c.Worker.Region {
			continue
		}
		key, err := secret.Resolve(ctx, one.APIKey, r)
		if err != nil {
			return nil, fmt.Errorf("provider %s: apiKey: %w", one.Name, err)
		}
		d, err := driver(one, key)
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", one.Name, err)
		}
		out[one.Name] = provider.New(one, d, m, key)
	}
	return out, nil
}
