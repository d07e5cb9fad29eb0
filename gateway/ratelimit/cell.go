package ratelimit

import "math"

// cell is what is known of one name in the window that runs: what this gateway
// counted, and what each other one says that it did. A window begins with the
// first count anywhere.
type cell struct {
	until   int64 // unix nanoseconds, the end of the window
	own     uint32
	others  uint32 // the sum of tallies
	window  uint32 // seconds
	dirty   bool   // others do not know it yet
	tallies []tally
}

// tally is what one other gateway counted. One that leaves gives nothing back.
type tally struct{ source, n uint32 }

// roll begins a new window when the old one is over.
func (c *cell) roll(now int64, window uint32) {
	c.window = window
	if now >= c.until {
		*c = cell{until: now + int64(window)*1e9, window: window, dirty: c.dirty}
	}
}

func (c *cell) sum() int64 { return int64(c.own) + int64(c.others) }

// merge takes what another gateway says of the name. Of windows that began at
// about the same time the one that ends first is everybody's.
func (c *cell) merge(now int64, source uint32, r record) {
	if now >= c.until {
		*c = cell{until: r.until, dirty: c.dirty, window: c.window}
	}
	c.until = min(c.until, r.until)
	for i := range c.tallies {
		if t := &c.tallies[i]; t.source == source {
			c.others += r.n - t.n
			t.n = r.n
			return
		}
	}
	c.tallies = append(c.tallies, tally{source, r.n})
	c.others += r.n
}

func (c *cell) add() {
	if c.own < math.MaxUint32/2 {
		c.own++
	}
}

func (c *cell) giveBack() {
	if c.own > 0 {
		c.own--
	}
}
