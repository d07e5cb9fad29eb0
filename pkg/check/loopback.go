package check

import (
	"net"
	"net/netip"
	"strings"
)

// Loopback reports whether a host is this machine, and nobody else reaches it
// there. A listener without a host, or at 0.0.0.0 or [::], is reached from
// everywhere.
func Loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.Unmap().IsLoopback()
}

// Beyond reports whether others than this machine reach a listener. What is
// no address is nobody's.
func Beyond(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && !Loopback(host)
}

// Local reports whether an entry of a list of hosts, addresses and prefixes
// is a part of this machine: loopback, or an address that leads there.
func Local(entry string) bool {
	if p, err := netip.ParsePrefix(entry); err == nil {
		return p.Bits() > 0 && Own(p.Addr())
	}
	name := strings.ToLower(strings.TrimSuffix(entry, "."))
	a, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && Own(a)
}

// Own reports whether an address leads to this machine by itself: loopback,
// and the unspecified ones, at which a dial ends there, too.
func Own(a netip.Addr) bool { return a.Unmap().IsLoopback() || a.Unmap().IsUnspecified() }
