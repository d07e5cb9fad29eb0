package upload

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says how long uploads live and what they need.
type Config struct {
	Retention   time.Duration // of a ready upload
	PutWithin   time.Duration // how long a declared photo is waited for
	Prepare     time.Duration // what an inspection waits for before a worker is asked
	ConsentFree bool          // accept photos without a person's consent
}

// Defaults keep uploads for a day and ask for consent.
func Defaults() Config {
	return Config{Retention: 24 * time.Hour, PutWithin: time.Hour, Prepare: 2500 * time.Millisecond}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Retention < time.Second, "retention: must be at least 1s, is %v", c.Retention)
	faults.If(c.PutWithin <= 0, "upload.putWithin: must be positive, is %v", c.PutWithin)
	faults.If(c.Prepare <= 0, "upload.prepare: must be positive, is %v", c.Prepare)
	return faults.Err()
}
