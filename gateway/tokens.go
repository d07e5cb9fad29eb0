package main

import (
	"fmt"
	"path/filepath"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// The secrets that a gateway keeps under data.dir where none is configured.
// Whoever may read them there is of this machine and this user.
const (
	fleetTokenFile  = "fleet-token"
	engineTokenFile = "engine-token"
)

// fleetToken is what the fleet listener demands and workers are called with.
// Without one, a listener on loopback would trust every user of this machine,
// so one is kept for the workers beside us. Mutual TLS needs none.
func (c *Config) fleetToken(of opened) (secret.Value, error) {
	if !c.Fleet.Token.Empty() || !c.TLS.Empty() {
		return of(c.Fleet.Token), nil
	}
	return c.kept("fleet.token", fleetTokenFile)
}

// engineToken is the same for the engine: kept where it is embedded and
// listens, and read where another gateway of this machine embeds it, which may
// start later.
func (c *Config) engineToken(e *engine.Config) (err error) {
	switch {
	case !e.Token.Empty() || e.Creds != "" || e.TLS.Mutual():
	case e.URL == "" && e.Listen != "":
		e.Token, err = c.kept("engine.token", engineTokenFile)
	case e.URL != "" && engine.Loopback(e.URL):
		e.TokenFrom = secret.FromFile(filepath.Join(c.Data.Dir, engineTokenFile))
	}
	return err
}

func (c *Config) kept(key, name string) (secret.Value, error) {
	v, err := secret.Keep(filepath.Join(c.Data.Dir, name))
	if err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	return v, nil
}

// checkKept judges the files of these secrets, as far as they are there, and
// makes none.
func (c *Config) checkKept() error {
	for key, name := range map[string]string{"fleet.token": fleetTokenFile, "engine.token": engineTokenFile} {
		if _, err := secret.Kept(filepath.Join(c.Data.Dir, name)); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}
