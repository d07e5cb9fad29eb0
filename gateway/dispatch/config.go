package dispatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
)

// Config tunes the dispatcher; the defaults fit one node.
type Config struct {
	Window int           // jobs held at once, waiting and running
	Spill  time.Duration // how long a task waits for its own region or first provider before it takes another
	Trim   time.Duration // how long a finished task keeps its history for replays
	Stall  time.Duration // how long a task waits while every breaker is open before it is tried all the same

	Breaking health.Breaking
	Alarming Alarming
}

// Defaults hold a thousand jobs and give a region two seconds.
func Defaults() Config {
	return Config{Window: 1024, Spill: 2 * time.Second, Trim: time.Minute, Stall: 15 * time.Second, Breaking: health.DefaultBreaking(), Alarming: defaultAlarming()}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.Window < 1 || c.Window > 1<<16 {
		errs = append(errs, fmt.Errorf("dispatch.window: must be 1…65536, is %d", c.Window))
	}
	if c.Spill < 0 {
		errs = append(errs, fmt.Errorf("dispatch.spill: must not be negative, is %v", c.Spill))
	}
	if c.Trim < 0 {
		errs = append(errs, fmt.Errorf("dispatch.trim: must not be negative, is %v", c.Trim))
	}
	if c.Stall < 0 {
		errs = append(errs, fmt.Errorf("dispatch.stall: must not be negative, is %v", c.Stall))
	}
	errs = append(errs, c.Breaking.Validate(), c.Alarming.validate())
	return errors.Join(errs...)
}
