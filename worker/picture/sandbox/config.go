package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// Argument makes the program a decoder: its main must then call Child.
const Argument = "-decode-pictures"

// Config bounds the process.
type Config struct {
	Program string        // started with Argument
	Memory  int64         // bytes that it may map, of any kind; half of them is what it aims at
	Timeout time.Duration // for one picture
}

// Defaults leave Program to the caller.
func Defaults() Config {
	return Config{Memory: 3 << 29, Timeout: 30 * time.Second}
}

// Validate names every value that cannot work.
func (c Config) Validate() error {
	var errs []error
	if c.Program == "" {
		errs = append(errs, errors.New("sandbox.program: must be set"))
	}
	if c.Memory < 256<<20 {
		errs = append(errs, fmt.Errorf("sandbox.memory: must be at least 256 MiB, is %d", c.Memory))
	}
	if c.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("sandbox.timeout: must be positive, is %v", c.Timeout))
	}
	return errors.Join(errs...)
}
