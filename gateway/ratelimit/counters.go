package ratelimit

import (
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

const countersKept = 1 << 16 // about 12 MB when full

// Counters count by name in fixed windows that begin with the first count.
// When too many names are known, the least used are forgotten first, so a
// flood of new names does not push out the frequent ones.
type Counters struct {
	now   func() time.Time
	cache *otter.Cache[string, *counter]
}

type counter struct {
	mu    sync.Mutex
	since time.Time
	n     int64
}

// NewCounters builds counters with nothing counted.
func NewCounters(now func() time.Time) *Counters {
	return &Counters{now: now, cache: otter.Must(&otter.Options[string, *counter]{MaximumSize: countersKept})}
}

// Take counts one unless limit is reached. It returns the count and the time
// until the window ends.
func (c *Counters) Take(name string, limit int64, window time.Duration) (counted bool, n int64, reset time.Duration) {
	k, _ := c.cache.ComputeIfAbsent(name, func() (*counter, bool) { return &counter{since: c.now()}, false })
	return k.take(c.now(), limit, window)
}

// Return takes one count back.
func (c *Counters) Return(name string) {
	if k, known := c.cache.GetIfPresent(name); known {
		k.giveBack()
	}
}

// Wait is how long until name may count again, 0 when it may now.
func (c *Counters) Wait(name string, limit int64, window time.Duration) time.Duration {
	k, known := c.cache.GetIfPresent(name)
	if !known {
		return 0
	}
	return k.wait(c.now(), limit, window)
}

func (k *counter) take(now time.Time, limit int64, window time.Duration) (counted bool, n int64, reset time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.since) >= window {
		k.since, k.n = now, 0
	}
	reset = k.since.Add(window).Sub(now)
	if k.n >= limit {
		return false, k.n, reset
	}
	k.n++
	return true, k.n, reset
}

func (k *counter) giveBack() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n = max(0, k.n-1)
}

func (k *counter) wait(now time.Time, limit int64, window time.Duration) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n < limit {
		return 0
	}
	return max(0, k.since.Add(window).Sub(now))
}
