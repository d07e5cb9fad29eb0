package ratelimit

import (
	"math"
	"net/netip"
)

// siteShare is how many times the limit of one address a whole IPv6 site has: a
// /48 is what one customer may be given, and holds 65,536 /64.
const siteShare = 16

// share is something that a client is counted by, with how many times the limit
// it has. 0 is none.
type share struct {
	name  name
	times int64
}

type shares [2]share

func (s share) of(limit int64) int64 { return times(limit, s.times) }

// times does not overflow.
func times(limit, n int64) int64 {
	if limit > math.MaxInt64/n {
		return math.MaxInt64
	}
	return limit * n
}

// shares are what a client is counted by: its session; or its IPv4 address; or
// the /64 that one IPv6 customer owns at least, and the /48 that it may own.
func (l *Limiter) shares(a Action, r rule, c Client) shares {
	if r.bySession {
		return shares{{l.names.session(a, c.Session), 1}}
	}
	return l.addresses(a, c)
}

func (l *Limiter) addresses(a Action, c Client) shares {
	addr := c.Addr.Unmap().WithZone("")
	if !addr.Is6() {
		return shares{{l.names.network(a, netip.PrefixFrom(addr, addr.BitLen())), 1}}
	}
	network, _ := addr.Prefix(64)
	site, _ := addr.Prefix(48)
	return shares{{l.names.network(a, network), 1}, {l.names.network(a, site), siteShare}}
}

// Address is the network that one customer has at least: the address of IPv4, the
// /64 of IPv6.
func Address(client netip.Addr) string {
	client = client.Unmap().WithZone("")
	if !client.Is6() {
		return client.String()
	}
	network, _ := client.Prefix(64)
	return network.String()
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
