package main

import (
	"fmt"
	"path/filepath"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// The secrets that a gateway keeps under data.dir where none is configured.
// Whoever may read them there is of this machine and this user.
const (
	fleetTokenFile  = "fleet-token"
	engineTokenFile = "engine-token"
	adminTokenFile  = "admin.token"
)

// fleetToken is what the fleet listener demands and workers are called with.
func (c *Config) fleetToken(of opened) (secret.Value, error) {
	file := c.fleetTokenFile()
	if file == "" {
		return of(c.Fleet.Token), nil
	}
	v, err := secret.Keep(file)
	if err != nil {
		return v, fmt.Errorf("fleet.token: %w", err)
	}
	return v, nil
}

// fleetTokenFile is where the fleet's token is kept, "" when it is not.
// Without one, a listener on loopback would trust every user of this machine.
// Mutual TLS needs none.
func (c *Config) fleetTokenFile() string {
	if !c.Fleet.Token.Empty() || !c.TLS.Empty() {
		return ""
	}
	return filepath.Join(c.Data.Dir, fleetTokenFile)
}

// engineToken is the same for the engine: kept where it is embedded and
// listens, and read where another gateway of this machine embeds it, which may
// start later.
func (c *Config) engineToken(e *engine.Config) (err error) {
	file := c.engineTokenFile()
	switch {
	case file == "":
	case e.URL != "":
		e.TokenFrom = secret.FromFile(file)
	default:
		if e.Token, err = secret.Keep(file); err != nil {
			return fmt.Errorf("engine.token: %w", err)
		}
	}
	return nil
}

func (c *Config) engineTokenFile() string {
	e := c.Engine
	guest := !e.URL.Empty() && !e.URL.Literal() && engine.Loopback(e.URL.Public())
	host := e.URL.Empty() && e.Listen != ""
	if !e.Token.Empty() || e.Creds != "" || e.TLS.Mutual() || !guest && !host {
		return ""
	}
	return filepath.Join(c.Data.Dir, engineTokenFile)
}

// checkKept judges the files of these secrets, as far as they are needed and
// there, and makes none.
func (c *Config) checkKept() error {
	var faults check.Faults
	for key, file := range map[string]string{"fleet.token": c.fleetTokenFile(), "engine.token": c.engineTokenFile()} {
		if file == "" {
			continue
		}
		if _, err := secret.Kept(file); err != nil {
			faults.Say("%s: %w", key, err)
		}
	}
	if c.Admin.Token.Empty() {
		if err := operator.CheckToken(filepath.Join(c.Data.Dir, adminTokenFile)); err != nil {
			faults.Say("admin.token: %w", err)
		}
	}
	return faults.Err()
}
