package main

import (
	"context"
	"errors"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// openSecrets is the one place where a gateway opens what is secret in its
// configuration. It names everything that cannot be opened, and every secret
// that cannot be one, by its key. Vendors' keys are not the gateway's to open.
func (c *Config) openSecrets(ctx context.Context, r secret.Resolver) (secret.Opened, error) {
	o, err := r.Open(ctx, config.Secrets(c))
	faults := []error{err, c.engine(o.Given).Validate(), c.validateObjects(o.Given)}
	if !c.Admin.Token.Empty() {
		faults = append(faults, c.admin(o.Given(c.Admin.Token)).Validate())
	}
	return o, errors.Join(faults...)
}
