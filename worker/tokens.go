package main

import (
	"fmt"
	"path/filepath"

	"github.com/imgfleet/imgfleet/pkg/secret"
)

// fleetTokenFile is where a gateway keeps the fleet's token under data.dir.
const fleetTokenFile = "fleet-token"

// fleetToken is the token that a gateway of this machine keeps, where none is
// configured and nothing else proves who we are. The gateway may start later.
func (c *Config) fleetToken() secret.Source {
	if !c.Fleet.Token.Empty() || !c.TLS.Empty() {
		return secret.Source{}
	}
	return secret.FromFile(filepath.Join(c.Data.Dir, fleetTokenFile))
}

// checkKept judges the file, if it is there.
func (c *Config) checkKept() error {
	if _, err := c.fleetToken().Value(); err != nil {
		return fmt.Errorf("fleet.token: %w", err)
	}
	return nil
}
