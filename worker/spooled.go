package main

import (
	"log/slog"
	"path/filepath"

	"github.com/imgfleet/imgfleet/worker/spool"
)

// spoolOff keeps pictures in memory only.
const spoolOff = "off"

// spool is where pictures are kept that are paid for.
func (c *Config) spool() (_ spool.Config, on bool) {
	s := spool.Config{Dir: c.Worker.Spool, Most: int64(c.Worker.SpoolSize)}
	if s.Dir == "" {
		s.Dir = filepath.Join(c.Data.Dir, "spool")
	}
	return s, s.Dir != spoolOff
}

// checkSpool refuses a folder that others could read or write.
func (c *Config) checkSpool() error {
	if s, on := c.spool(); on {
		return s.Check()
	}
	return nil
}

// openSpool opens it. A worker that nobody gave a folder works without one
// where it cannot make its own.
func (c *Config) openSpool(logger *slog.Logger) (*spool.Spool, error) {
	s, on := c.spool()
	if !on {
		return nil, nil //nolint:nilnil // a nil spool keeps nothing
	}
	opened, err := spool.Open(s, logger)
	if err != nil && c.Worker.Spool == "" && s.Check() == nil {
		logger.Warn("pictures that are paid for are kept in memory only, and lost when this worker dies; set worker.spool", "err", err)
		return nil, nil //nolint:nilnil // as above
	}
	return opened, err
}
