package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/imgfleet/imgfleet/gateway/httpapi"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// check looks at what the configuration names, as the first step of every
// start: it reads files and the environment, and neither connects, listens nor
// writes. What it opened is what the gateway works with.
func (c *Config) check(ctx context.Context, r secret.Resolver) (secret.Opened, error) {
	o, err := c.openSecrets(ctx, r)
	_, _, identity := c.TLS.Load(workerrpc.RoleGateway)
	_, certificate := c.Admin.TLS.Load()
	return o, errors.Join(err, identity, certificate, c.Moderation.CheckFiles(), c.engine(o.Given).CheckFiles(), c.checkKept(), checkDirectory("data.dir", c.Data.Dir))
}

// validateListeners judges where the gateway listens.
func (c *Config) validateListeners() error {
	var faults check.Faults
	for _, l := range []check.Listener{{Key: "http.listen", Address: c.HTTP.Listen}, {Key: "admin.listen", Address: c.Admin.Listen}, {Key: "fleet.listen", Address: c.Fleet.Listen}} {
		faults.If(l.Address == "", "%s: must be host:port, is empty", l.Key)
	}
	faults.Listeners(
		check.Listener{Key: "http.listen", Address: c.HTTP.Listen}, check.Listener{Key: "admin.listen", Address: c.Admin.Listen},
		check.Listener{Key: "fleet.listen", Address: c.Fleet.Listen}, check.Listener{Key: "engine.listen", Address: c.Engine.Listen},
	)
	return faults.Err()
}

// validateAddresses judges how others reach this gateway.
func (c *Config) validateAddresses() error {
	s := c.store()
	s.PublicURL = "" // the public interface is stricter with it
	return errors.Join(c.httpapi().Validate(), s.Validate())
}

func (c *Config) httpapi() httpapi.Config {
	h := httpapi.Defaults()
	h.Listen, h.PublicURL = c.HTTP.Listen, c.HTTP.PublicURL
	h.CORSOrigins, h.TrustedProxies = c.HTTP.CORSOrigins, c.HTTP.TrustedProxies
	d := processDescriptors()
	h.Gate.Most, h.Files, h.Streams.Most = d.connections, d.files, d.streams
	h.Gate.PerAddress = func() int64 { return c.Limits.AddressConnections } // until operators can be asked
	if !c.prod() {
		h.Gate.Uncounted = loopback()
	}
	return h
}

func (c *Config) store() store.Config {
	s := store.Defaults()
	s.PublicURL, s.InternalURL, s.Retention = c.HTTP.PublicURL, c.internalURL(), c.Retention
	return s
}

// checkDirectory refuses a directory that the start could not make or write to.
func checkDirectory(key, dir string) error {
	for at := filepath.Clean(dir); dir != ""; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at):
			continue // the start makes it
		case err != nil:
			return fmt.Errorf("%s: %w", key, err)
		case !info.IsDir():
			return fmt.Errorf("%s: %s is no directory", key, at)
		case unix.Access(at, unix.W_OK|unix.X_OK) != nil:
			return fmt.Errorf("%s: %s is not writable for this user", key, at)
		}
		return nil
	}
	return nil // said by Validate
}
