package upload

import (
	"errors"
	"fmt"
	"time"
)

// Config says how long uploads live and what they need.
type Config struct {
	Retention      time.Duration // of a ready upload
	PutWithin      time.Duration // how long a declared photo is waited for
	InspectTimeout time.Duration
	ConsentFree    bool // accept photos without a person's consent
}

// Defaults keep uploads for a day and ask for consent.
func Defaults() Config {
	return Config{Retention: 24 * time.Hour, PutWithin: time.Hour, InspectTimeout: time.Minute}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.Retention < time.Second {
		errs = append(errs, fmt.Errorf("retention: must be at least 1s, is %v", c.Retention))
	}
	if c.PutWithin <= 0 {
		errs = append(errs, fmt.Errorf("upload.putWithin: must be positive, is %v", c.PutWithin))
	}
	if c.InspectTimeout <= 0 {
		errs = append(errs, fmt.Errorf("upload.inspectTimeout: must be positive, is %v", c.InspectTimeout))
	}
	return errors.Join(errs...)
}
