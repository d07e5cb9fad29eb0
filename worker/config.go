package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/moderation"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/generate"
	"github.com/imgfleet/imgfleet/worker/label"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// drainUsual is the minute that a synchronous vendor's call may take, and the
// time to store its picture: nobody can take such a call up. Jobs that take
// longer are resumed by other workers.
const drainUsual = 70 * time.Second

// Config is the part of the one configuration file that a worker reads.
type Config struct {
	Environment string              `config:"environment"`
	Worker      workerConfig        `config:"worker"`
	Fleet       fleetConfig         `config:"fleet"`
	Providers   []provider.Config   `config:"providers"`
	Egress      egressConfig        `config:"egress"`
	Moderation  moderation.Config   `config:"moderation"`
	Label       label.Config        `config:"label"`
	Picture     pictureConfig       `config:"picture"`
	Limits      limitsConfig        `config:"limits"`
	TLS         workerrpc.Identity  `config:"tls"`
	Log         telemetry.LogConfig `config:"log"`
}

type workerConfig struct {
	Listen    string        `config:"listen"`    // for gateways; port 0 picks a free one
	Advertise string        `config:"advertise"` // how gateways reach it; "" is the listen address
	Region    string        `config:"region"`
	Capacity  int           `config:"capacity"` // attempts at once
	Drain     time.Duration `config:"drain"`    // how long running attempts may take at the end
	Metrics   string        `config:"metrics"`  // address for /metrics; "" is off
}

type fleetConfig struct {
	Listen   config.Ignored `config:"listen"`
	Gateways []string       `config:"gateways"` // fleet listeners, host:port
	Token    string         `config:"token"`    // a secret reference
}

// egressConfig names hosts, addresses and prefixes that drivers may fetch
// results from, besides those that they know of their vendors.
type egressConfig struct {
	Allow []string `config:"allow"`
}

func (c *Config) egress() vendorhttp.Egress {
	return vendorhttp.Egress{Allow: c.Egress.Allow, Loopback: c.Environment == "dev"}
}

type pictureConfig struct {
	HEIF          sandbox.HEIF `config:"heif"`          // wasm, native or auto
	Decoders      int          `config:"decoders"`      // processes that decode for the worker; 0 is one a core
	DecoderMemory config.Bytes `config:"decoderMemory"` // that each may allocate
}

// sandbox lacks the program, and what picture.heif comes to here.
func (p pictureConfig) sandbox() sandbox.Config {
	c := sandbox.Defaults()
	if p.Decoders != 0 {
		c.Decoders = p.Decoders
	}
	c.Memory = int64(p.DecoderMemory)
	return c
}

func (p pictureConfig) validate() error {
	c := p.sandbox()
	c.Program = "this one"
	return errors.Join(p.HEIF.Validate(), c.Validate())
}

// limitsConfig are the gateway's limits. A worker uses those that bound a
// photo; the rest stands in the same file.
type limitsConfig struct {
	limit.Limits

	TaskTimeout config.Ignored `config:"taskTimeout"`
}

func defaults() *Config {
	return &Config{
		Environment: "dev",
		Worker: workerConfig{
			Listen: "127.0.0.1:0", Region: "local", Capacity: generate.Defaults().Capacity, Drain: drainUsual,
		},
		Providers:  provider.Defaults(),
		Moderation: moderation.Defaults(),
		Label:      label.Defaults(),
		Picture:    pictureConfig{HEIF: sandbox.WASM, DecoderMemory: config.Bytes(sandbox.Defaults().Memory)},
		Limits:     limitsConfig{Limits: limit.Defaults()},
		Log:        telemetry.LogDefaults(),
	}
}

// Validate names everything that is wrong, as the operator wrote it.
func (c *Config) Validate() error {
	return errors.Join(c.Worker.validate(c.TLS), c.Fleet.validate(), provider.Validate(c.Providers),
		drivable(c.Providers, c.egress()), c.egress().Validate(), c.Moderation.Validate(), c.Label.Validate(), c.Picture.validate(), c.TLS.Validate(), c.environment())
}

func (c *Config) environment() error {
	if c.Environment != "dev" && c.Environment != "prod" {
		return fmt.Errorf("environment: must be dev or prod, is %q", c.Environment)
	}
	return nil
}

func (w workerConfig) validate(id workerrpc.Identity) error {
	var faults check.Faults
	host, _, err := net.SplitHostPort(w.Listen)
	if err != nil {
		faults.Say("worker.listen: %w", err)
	} else if id.Empty() && !workerrpc.Loopback(host) {
		faults.Say("worker.listen: %s is not loopback, so tls.cert, tls.key and tls.clientCA are required", w.Listen)
	}
	if w.Advertise != "" {
		if _, _, err := net.SplitHostPort(w.Advertise); err != nil {
			faults.Say("worker.advertise: %w", err)
		}
	}
	faults.If(w.Capacity < 1, "worker.capacity: must be at least 1, is %d", w.Capacity)
	faults.If(w.Drain < 0, "worker.drain: must not be negative, is %v", w.Drain)
	return faults.Err()
}

func (f fleetConfig) validate() error {
	var faults check.Faults
	for i, addr := range f.Gateways {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			faults.Say("fleet.gateways[%d]: %w", i, err)
		}
	}
	return faults.Err()
}

// pictures narrows the decoder to the configured limits; 0 is off there and
// the built-in bound here, since a decoder without one can be killed.
func (l limitsConfig) pictures() picture.Config {
	p := picture.Defaults()
	if l.MaxUploadBytes > 0 {
		p.MaxBytes = l.MaxUploadBytes
	}
	if l.MaxPixels > 0 {
		p.MaxPixels = l.MaxPixels
	}
	return p
}
