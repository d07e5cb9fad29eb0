package intake

import (
	"errors"
	"fmt"
	"time"
)

// Config says how long tasks may take and live.
type Config struct {
	Retention time.Duration // of a task and its picture, from acceptance
	Deadline  time.Duration // a task that is not finished by then expires
	Region    string        // preferred by new tasks, "" for none
}

// Defaults keep tasks for a day and give them an hour.
func Defaults() Config { return Config{Retention: 24 * time.Hour, Deadline: time.Hour} }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.Retention < time.Second {
		errs = append(errs, fmt.Errorf("retention: must be at least 1s, is %v", c.Retention))
	}
	if c.Deadline <= 0 || c.Deadline > c.Retention {
		errs = append(errs, fmt.Errorf("intake.deadline: must be positive and at most retention, is %v", c.Deadline))
	}
	return errors.Join(errs...)
}
