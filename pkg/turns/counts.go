package turns

// counts are how many there are: in all, of each lane, network and session.
type counts struct {
	all int
	of  map[part]int
}

// part is a key without what lies below a level.
type part struct {
	level level
	key   Key
}

type level uint8

const (
	lanes level = iota
	networks
	sessions
	levels
)

func newCounts() counts { return counts{of: make(map[part]int)} }

func at(n level, k Key) part {
	if n < sessions {
		k.Session = ""
	}
	if n < networks {
		k.Network = ""
	}
	return part{n, k}
}

func (c *counts) lane(k Key) int    { return c.of[at(lanes, k)] }
func (c *counts) network(k Key) int { return c.of[at(networks, k)] }
func (c *counts) session(k Key) int { return c.of[at(sessions, k)] }

func (c *counts) add(k Key, n int) {
	c.all += n
	for l := range levels {
		p := at(l, k)
		if c.of[p] += n; c.of[p] == 0 {
			delete(c.of, p)
		}
	}
}
