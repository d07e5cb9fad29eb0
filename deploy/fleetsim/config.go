package main

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config is what the flags set.
type Config struct {
	Tasks    int     // of the whole fleet
	File     string  // whose fallback section is in force
	Contrast int     // tasks of each arm for contrast
	Rate     float64 // tasks a second
	Scale    int     // vendors are played so many times faster than in life
	Seed     uint64
	Out      string // of the report; "" for none
	Dir      string
	Environ  []string // of the programs
	Patience time.Duration
}

// Defaults are those of "make fleet-sim": about three minutes.
func Defaults() Config {
	return Config{Tasks: 2000, File: "deploy/config/production.yaml", Contrast: 400, Rate: 25, Scale: 10, Seed: 1, Out: "deploy/fleetsim/out", Patience: 2 * time.Minute}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Tasks < 1 || c.Contrast < 0, "-tasks must be positive and -contrast not negative")
	faults.If(!(c.Rate > 0), "-rate must be positive")
	faults.If(c.Scale < 1 || c.Scale > 1000, "-scale must be 1…1000")
	return faults.Err()
}
