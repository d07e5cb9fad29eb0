package store

import (
	"fmt"
	"net/url"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says where objects are reached and how long they live.
type Config struct {
	PublicURL   string        // "" makes client URLs relative
	InternalURL string        // this gateway as workers reach it
	Retention   time.Duration // objects older than this are swept
	RawKept     time.Duration // and what Raw names when older than this; 0 makes no difference
	SweepEvery  time.Duration // at least; more often when the retention is short
}

const (
	// sweepGrace keeps an object a little longer than the document that shows
	// it. It and the sweeper's interval are no more than a tenth of the
	// retention, so that an object is gone after 1.2 times that.
	sweepGrace    = 10 * time.Minute
	share         = 10
	leastInterval = time.Second
)

func (c Config) grace() time.Duration { return min(sweepGrace, c.Retention/share) }

func (c Config) sweepEvery() time.Duration {
	return min(c.SweepEvery, max(leastInterval, c.Retention/share))
}

// Defaults keep objects for a day.
func Defaults() Config { return Config{Retention: 24 * time.Hour, SweepEvery: 10 * time.Minute} }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	if c.PublicURL != "" {
		faults.Add(checkBase("http.publicUrl", c.PublicURL))
	}
	faults.Add(checkBase("http.internalUrl", c.InternalURL))
	faults.If(c.Retention < time.Second, "retention: must be at least 1s, is %v", c.Retention)
	faults.If(c.SweepEvery <= 0, "store.sweepEvery: must be positive, is %v", c.SweepEvery)
	return faults.Err()
}

func checkBase(key, base string) error {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s: must be http://… or https://… without a query, is %q", key, base)
	}
	return nil
}
