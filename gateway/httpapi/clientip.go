package httpapi

import (
	"net"
	"net/netip"
	"strings"
)

// clientAddr is the address of the caller: the peer, or behind trusted proxies
// the last address in X-Forwarded-For that is not one of theirs. What stands
// further left in that header is not believed.
func clientAddr(peer net.Addr, forwarded string, trusted []netip.Prefix) netip.Addr {
	addr := peerAddr(peer)
	if !covered(addr, trusted) {
		return addr
	}
	hops := strings.Split(forwarded, ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return addr
		}
		addr = hop.Unmap().WithZone("")
		if !covered(addr, trusted) {
			return addr
		}
	}
	return addr
}

func peerAddr(peer net.Addr) netip.Addr {
	if tcp, ok := peer.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.IPv6Unspecified()
}

func covered(a netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
