package main

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/check"
)

// What may be killed.
const (
	killGateways = "gateways"
	killWorkers  = "workers"
)

// Config is what the flags set.
type Config struct {
	Tasks        int
	Clients      int
	Active       int // of one client
	Seed         uint64
	Kill         []string // kinds of victims, none for peace
	Every        time.Duration
	Sync         string
	Unknown      string
	DoublePayFen int64
	Hedge        float64 // share of attempts
	Vendors      bool    // the doubles of real vendors stand in for the mocks
	Budgets      bool    // of a day, that end within the run
	Rolling      bool    // everything is restarted in turn half-way
	Engines      int     // nodes of an external engine, 0 for the embedded one
	Mock         string  // model of the mock providers, without the journal
	Dir          string
	Patience     time.Duration
	Environ      []string // of the programs
}

// Defaults are those of "make torture".
func Defaults() Config {
	return Config{
		Tasks: 2000, Clients: 40, Active: 4, Seed: 1, Kill: []string{killGateways, killWorkers},
		Every: 1500 * time.Millisecond, Sync: "always", Unknown: "next", DoublePayFen: 3000, Hedge: 0.2, Rolling: true,
		Mock:     "latency=250ms&jitter=150ms&steps=5&fail=0.05&class=transient&picture=copy",
		Patience: 3 * time.Minute,
	}
}

// besieged are the settings of a run in which the engine's nodes are what is
// killed, by a plan instead of by chance. People go on until the plan is done.
func (c Config) besieged() Config {
	c.Kill, c.Rolling, c.Hedge = nil, false, 0
	c.Clients, c.Active = min(c.Clients, 8), min(c.Active, 1)
	c.Mock = "latency=900ms&jitter=300ms&steps=5&picture=copy"
	if c.Sync == "always" {
		c.Sync = "1m" // as production has it with three nodes
	}
	return c
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Tasks < 1 || c.Clients < 1 || c.Active < 1, "-tasks, -clients and -active must be positive")
	for _, k := range c.Kill {
		faults.If(!slices.Contains([]string{killGateways, killWorkers}, k), "-kill: must be gateways, workers or none, is %q", k)
	}
	faults.If(c.Engines != 0 && c.Engines != rig.EngineNodes, "-engines: must be 0 or %d, is %d", rig.EngineNodes, c.Engines)
	faults.If(c.Every <= 0 || c.Patience <= 0, "-every and -patience must be positive")
	return faults.Err()
}
