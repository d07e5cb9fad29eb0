package check

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Listener is an address at which a program listens, by its key. "" is none.
type Listener struct{ Key, Address string }

// Listeners adds a fault for each address that cannot be listened at, and for
// each that another has taken.
func (f *Faults) Listeners(list ...Listener) {
	for i, l := range list {
		if l.Address == "" {
			continue
		}
		host, port, ok := split(l.Address, 0)
		if !ok {
			f.Say("%s: must be host:port with a port of 0 to 65535, such as 127.0.0.1:8080, is %q", l.Key, l.Address)
			continue
		}
		for _, other := range list[:i] {
			h, p, ok := split(other.Address, 0)
			if ok && p == port && port != 0 && overlap(h, host) {
				f.Say("%s: %s listens at %s already; give each its own port, is %q", l.Key, other.Key, other.Address, l.Address)
			}
		}
	}
}

// Reachable adds a fault for an address that nobody can call. "" is none.
func (f *Faults) Reachable(key, address string) {
	if address == "" {
		return
	}
	host, _, ok := split(address, 1)
	f.If(!ok || wildcard(host), "%s: must be host:port as others reach it, such as 10.0.0.5:8082, is %q", key, address)
}

// split reads host:port. Spaces are in no name.
func split(address string, least int) (host string, port int, ok bool) {
	host, digits, err := net.SplitHostPort(address)
	port, wrong := strconv.Atoi(digits)
	return host, port, err == nil && wrong == nil && port >= least && port <= 65535 && !strings.ContainsAny(host, " \t/@")
}

// overlap reports whether the same port at both hosts is taken twice.
func overlap(a, b string) bool {
	return a == b || wildcard(a) || wildcard(b) || Loopback(a) && Loopback(b) && (a == "localhost" || b == "localhost")
}

func wildcard(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}
