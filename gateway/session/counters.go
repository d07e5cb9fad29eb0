package session

import (
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

const countersKept = 1 << 16 // about 12 MB when full; the least used are forgotten first

// counters count by name in fixed windows that begin with the first count.
// Memory is bounded: a flood of names pushes rare ones out, never frequent
// ones.
type counters struct {
	now   func() time.Time
	cache *otter.Cache[string, *counter]
}

type counter struct {
	mu    sync.Mutex
	since time.Time
	n     int64
}

func newCounters(now func() time.Time) *counters {
	return &counters{now: now, cache: otter.Must(&otter.Options[string, *counter]{MaximumSize: countersKept})}
}

// take counts one unless limit is reached, and says how many are counted and
// when the window ends.
func (c *counters) take(name string, limit int64, window time.Duration) (counted bool, n int64, reset time.Duration) {
	k, _ := c.cache.ComputeIfAbsent(name, func() (*counter, bool) { return &counter{since: c.now()}, false })
	k.mu.Lock()
	defer k.mu.Unlock()
	now := c.now()
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

// back takes one count back.
func (c *counters) back(name string) {
	if k, known := c.cache.GetIfPresent(name); known {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.n = max(0, k.n-1)
	}
}

// wait is how long until name may count again, 0 when it may now.
func (c *counters) wait(name string, limit int64, window time.Duration) time.Duration {
	k, known := c.cache.GetIfPresent(name)
	if !known {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if left := k.since.Add(window).Sub(c.now()); k.n >= limit && left > 0 {
		return left
	}
	return 0
}
