package ratelimit

import (
	"math"
	"net/netip"
	"time"
)

// siteShare is how many times the limit of one address a whole IPv6 site has: a
// /48 is what one customer may be given, and holds 65,536 /64.
const siteShare = 16

// share is something that a client is counted by, with its part of the limit.
type share struct {
	name  string
	times int64
}

func (s share) of(limit int64) int64 {
	if limit > math.MaxInt64/s.times {
		return math.MaxInt64
	}
	return limit * s.times
}

// shares are what a client is counted by: its IPv4 address; or the /64 that one
// IPv6 customer owns at least, and the /48 that it may own.
func shares(what string, client netip.Addr) []share {
	client = client.Unmap().WithZone("")
	if !client.Is6() {
		return []share{{what + " " + client.String(), 1}}
	}
	network, _ := client.Prefix(64)
	site, _ := client.Prefix(48)
	return []share{{what + " " + network.String(), 1}, {what + " " + site.String(), siteShare}}
}

// TakeFor is Take for an address, and for its IPv6 site with siteShare times the
// limit. What it returns is of the one that refused, else of the address.
func (c *Counters) TakeFor(what string, client netip.Addr, limit int64, window time.Duration) (counted bool, n int64, reset time.Duration) {
	all := shares(what, client)
	for i, s := range all {
		counted, m, until := c.Take(s.name, s.of(limit), window)
		if !counted {
			for _, before := range all[:i] {
				c.Return(before.name)
			}
			return false, min(m, limit), until
		}
		if i == 0 {
			n, reset = m, until
		}
	}
	return true, n, reset
}

// ReturnFor takes back what TakeFor counted.
func (c *Counters) ReturnFor(what string, client netip.Addr) {
	for _, s := range shares(what, client) {
		c.Return(s.name)
	}
}

// WaitFor is Wait for an address and its IPv6 site.
func (c *Counters) WaitFor(what string, client netip.Addr, limit int64, window time.Duration) (wait time.Duration) {
	for _, s := range shares(what, client) {
		wait = max(wait, c.Wait(s.name, s.of(limit), window))
	}
	return wait
}

// Network is the prefix that fairness counts by: the /24 of an IPv4 address,
// the /48 of an IPv6 one.
func Network(client netip.Addr) string {
	client = client.Unmap().WithZone("")
	bits := 24
	if client.Is6() {
		bits = 48
	}
	p, err := client.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
