package gate

import (
	"net"
	"net/netip"
	"testing"
)

func TestWhoIsChargedForAConnection(t *testing.T) {
	t.Parallel()
	l := On(nil, Config{Uncounted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}})
	for peer, want := range map[string]string{
		"203.0.113.9:1":               "203.0.113.9",
		"[::ffff:203.0.113.9]:1":      "203.0.113.9",
		"[2001:db8:0:7:1:2:3:4]:1":    "2001:db8:0:7::",
		"[2001:db8:0:7:ffff::5]:1":    "2001:db8:0:7::",
		"[2001:db8:0:8::1]:1":         "2001:db8:0:8::",
		"[fe80::1%eth0]:1":            "fe80::",
		"10.1.2.3:1":                  "invalid IP",
		"[::ffff:10.1.2.3]:1":         "invalid IP",
		"[2001:db8:ffff:1:2:3:4:5]:1": "invalid IP",
	} {
		if got := l.chargedTo(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(peer))).String(); got != want {
			t.Errorf("%s is charged to %s, want %s", peer, got, want)
		}
	}
}

func TestAnAddressWithoutConnectionsTakesNoMemory(t *testing.T) {
	t.Parallel()
	a, addr := newAddresses(), netip.MustParseAddr("203.0.113.9")
	for range 3 {
		a.enter(addr, 0)
	}
	for range 3 {
		a.leave(addr)
	}
	if n := len(a.networks.shard(addr).n); n != 0 {
		t.Errorf("%d addresses are kept", n)
	}
}

func TestAnIPv6SiteHasWhatSixteenNetworksHave(t *testing.T) {
	t.Parallel()
	a := newAddresses()
	network := func(site, i int) netip.Addr {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(site), 0, byte(i)})
	}
	taken := func(site int) (n int) {
		for i := range 256 {
			for range 3 {
				if a.enter(network(site, i), 2) {
					n++
				}
			}
		}
		return n
	}
	for site := range 2 {
		if got := taken(site); got != 2*siteShare {
			t.Errorf("a site takes %d, want %d", got, 2*siteShare)
		}
	}
	a.leave(network(0, 0))
	if !a.enter(network(0, 99), 2) || a.enter(network(0, 98), 2) {
		t.Error("what one network leaves is not another's")
	}
}

func BenchmarkAddresses(b *testing.B) {
	a, addr := newAddresses(), netip.MustParseAddr("203.0.113.9")
	b.ReportAllocs()
	for b.Loop() {
		a.enter(addr, 1000)
		a.leave(addr)
	}
}
