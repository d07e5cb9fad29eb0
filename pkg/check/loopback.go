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
