package ratelimit

import (
	"sync"
	"time"
)

const (
	shards     = 64
	namesKept  = 1 << 18 // about 25 MB when full
	shardKept  = namesKept / shards
	lookedThru = 8 // names that one more is chosen among when all room is taken
)

// counters count by name in windows that begin with the first count. When too
// many names are known, those with the smallest counts are forgotten first, so a
// flood of new names does not push out those that matter.
type counters struct {
	now    func() time.Time
	shards [shards]shard
}

type shard struct {
	mu    sync.Mutex
	cells map[name]*cell
	dirty []name // counted here since they were last collected
}

func newCounters(now func() time.Time) *counters {
	c := &counters{now: now}
	for i := range c.shards {
		c.shards[i].cells = make(map[name]*cell)
	}
	return c
}

func (c *counters) shard(n name) *shard { return &c.shards[n%shards] }

// take counts one unless limit is reached. It returns the count and the time
// until the window ends.
func (c *counters) take(n name, limit int64, window time.Duration) (counted bool, count int64, reset time.Duration) {
	return c.shard(n).take(n, c.now().UnixNano(), limit, uint32(window.Seconds()))
}

// giveBack takes one count back.
func (c *counters) giveBack(n name) { c.shard(n).giveBack(n, c.now().UnixNano()) }

// stands returns a count, and the time until its window ends.
func (c *counters) stands(n name) (count int64, reset time.Duration) {
	return c.shard(n).stands(n, c.now().UnixNano())
}

// merge takes what another gateway counted, unless its window is over or longer
// than any.
func (c *counters) merge(source uint32, r record) {
	if now := c.now().UnixNano(); now < r.until && r.until-now < int64(bucketAge) {
		c.shard(r.name).merge(now, source, r)
	}
}

// collect returns what was counted here since the last call, by window in
// seconds.
func (c *counters) collect() map[uint32][]record {
	all := map[uint32][]record{}
	now := c.now().UnixNano()
	for i := range c.shards {
		c.shards[i].collect(now, all)
	}
	return all
}

// sweep forgets what is over.
func (c *counters) sweep() {
	now := c.now().UnixNano()
	for i := range c.shards {
		c.shards[i].sweep(now)
	}
}

// names counts the names that are known.
func (c *counters) names() (n int) {
	for i := range c.shards {
		n += c.shards[i].names()
	}
	return n
}

func (s *shard) take(n name, now, limit int64, window uint32) (counted bool, count int64, reset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cell(n, now)
	c.roll(now, window)
	reset = time.Duration(c.until - now)
	if c.sum() >= limit {
		return false, c.sum(), reset
	}
	c.add()
	s.mark(n, c)
	return true, c.sum(), reset
}

func (s *shard) stands(n name, now int64) (count int64, reset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cells[n]
	if c == nil || now >= c.until {
		return 0, 0
	}
	return c.sum(), time.Duration(c.until - now)
}

func (s *shard) giveBack(n name, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.cells[n]; c != nil && now < c.until {
		c.giveBack()
		s.mark(n, c)
	}
}

func (s *shard) merge(now int64, source uint32, r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cell(r.name, now).merge(now, source, r)
}

// cell finds a name's cell, or makes room for it.
func (s *shard) cell(n name, now int64) *cell {
	c := s.cells[n]
	if c == nil {
		if len(s.cells) >= shardKept {
			s.evict(now)
		}
		c = new(cell)
		s.cells[n] = c
	}
	return c
}

// evict forgets, of a few names, those whose window is over, or else the one
// with the smallest count.
func (s *shard) evict(now int64) {
	least, fewest, looked := name(0), int64(-1), 0
	for n, c := range s.cells {
		if now >= c.until {
			delete(s.cells, n)
			fewest = 0
		} else if fewest < 0 || fewest > 0 && c.sum() < fewest {
			least, fewest = n, max(1, c.sum())
		}
		if looked++; looked == lookedThru {
			break
		}
	}
	if fewest > 0 {
		delete(s.cells, least)
	}
}

func (s *shard) mark(n name, c *cell) {
	if !c.dirty {
		c.dirty = true
		s.dirty = append(s.dirty, n)
	}
}

func (s *shard) collect(now int64, into map[uint32][]record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.dirty {
		c := s.cells[n]
		if c == nil {
			continue
		}
		c.dirty = false
		if now < c.until {
			into[c.window] = append(into[c.window], record{name: n, until: c.until, n: c.own})
		}
	}
	s.dirty = s.dirty[:0]
}

func (s *shard) sweep(now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, c := range s.cells {
		if now >= c.until {
			delete(s.cells, n)
		}
	}
}

func (s *shard) names() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cells)
}
