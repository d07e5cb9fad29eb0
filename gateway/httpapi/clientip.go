package httpapi

import (
	"net"
	"net/netip"
	"strings"
)

// forwarded is what proxies say of who asked them: every line of
// X-Forwarded-For and of Forwarded (RFC 7239), in the order of the request.
type forwarded struct{ plain, standard []string }

// clientAddr is the address of the caller: the peer, or behind trusted proxies
// the last address that they name and that is not one of theirs. What stands
// further left is not believed.
//
// A proxy writes one of the two headers and may pass the other one on as the
// client sent it. When they name different callers, neither is believed, and
// the proxy itself is taken.
func clientAddr(peer net.Addr, f forwarded, trusted []netip.Prefix) netip.Addr {
	proxy := peerAddr(peer)
	if !covered(proxy, trusted) {
		return proxy
	}
	plain, standard := caller(proxy, hops(f.plain), trusted), caller(proxy, standardHops(f.standard), trusted)
	switch {
	case covered(standard, trusted): // it names nobody
		return plain
	case plain == standard, covered(plain, trusted):
		return standard
	default:
		return proxy
	}
}

// caller goes from the nearest hop to the farthest while proxies are trusted,
// and ends at what it cannot read.
func caller(peer netip.Addr, hops []string, trusted []netip.Prefix) netip.Addr {
	addr := peer
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := hopAddr(hops[i])
		if !ok {
			return addr
		}
		addr = hop
		if !covered(addr, trusted) {
			return addr
		}
	}
	return addr
}

// hops are those of all lines of X-Forwarded-For, the nearest last.
func hops(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	return strings.Split(strings.Join(lines, ","), ",")
}

// standardHops are those of all lines of Forwarded, the nearest last. One that
// names nobody is "".
func standardHops(lines []string) []string {
	elements := hops(lines)
	for i, e := range elements {
		elements[i] = ""
		for pair := range strings.SplitSeq(e, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "for") {
				elements[i] = strings.Trim(value, `"`)
			}
		}
	}
	return elements
}

// hopAddr reads an address that may have a port.
func hopAddr(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	addr, err := netip.ParseAddr(text)
	return addr.Unmap().WithZone(""), err == nil
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
