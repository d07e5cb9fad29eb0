package dev

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"

	"github.com/imgfleet/imgfleet/pkg/check"
)

const (
	defaultHTTP  = "127.0.0.1:8080"
	defaultAdmin = "127.0.0.1:8081"
	maxChildren  = 64
)

// Config says what to start.
type Config struct {
	HTTP      string // public address; the default moves to the next port when it is busy
	Admin     string // admin address, as above
	Data      string // directory for everything that lasts; it may hold foreign files
	Workers   int
	Regions   []string // workers are spread over them
	Gateways  int      // the first hosts the engine
	File      string   // configuration handed to all children, "" for none
	NoContext bool     // do not select an imgctl context
	TLS       bool     // mutual TLS between gateways and workers
	Simulate  []string // vendors to play, as "seedream?median=4s"; they replace the configured providers
}

// Defaults need no configuration, no network and no rights.
func Defaults() Config {
	return Config{
		HTTP: defaultHTTP, Admin: defaultAdmin, Data: ".imgfleet", Workers: 2, Regions: []string{"a", "b"}, Gateways: 1,
	}
}

// Validate says everything that is wrong, by the flags' names.
func (c Config) Validate() error {
	var faults check.Faults
	for _, flag := range []struct{ name, value string }{{"--http", c.HTTP}, {"--admin", c.Admin}} {
		if _, _, err := net.SplitHostPort(flag.value); err != nil {
			faults.Say("%s must be host:port, is %q", flag.name, flag.value)
		}
	}
	faults.If(c.Data == "", "--data must name a directory")
	faults.If(c.Workers < 0 || c.Workers > maxChildren, "--workers must be 0…%d, is %d", maxChildren, c.Workers)
	faults.If(c.Gateways < 1 || c.Gateways > maxChildren, "--gateways must be 1…%d, is %d", maxChildren, c.Gateways)
	faults.If(len(c.Regions) == 0 || slices.Contains(c.Regions, ""), "--regions must be names with commas between them, is %q", c.Regions)
	_, err := parseVendors(c.Simulate)
	faults.Add(err)
	return faults.Err()
}

// absolute resolves the paths, because children may be looked at from
// anywhere.
func (c *Config) absolute() (err error) {
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	if c.File == "" {
		return nil
	}
	if c.File, err = filepath.Abs(c.File); err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	return nil
}
