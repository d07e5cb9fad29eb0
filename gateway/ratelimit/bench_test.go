package ratelimit

import (
	"math"
	"net/netip"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
)

// BenchmarkAllow is what one POST costs: its address is known, or one of many.
func BenchmarkAllow(b *testing.B) {
	for name, addr := range map[string]func(i int) netip.Addr{
		"IPv4 known": func(int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) },
		"IPv4 many": func(i int) netip.Addr {
			return netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		},
		"IPv6 many": func(i int) netip.Addr {
			return netip.AddrFrom16([16]byte{0x20, 1, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i), 15: 1})
		},
	} {
		b.Run(name, func(b *testing.B) {
			l := New(limitsOf(policy.Limits{IPPerMinute: math.MaxInt64}), nil)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				_, _ = l.Allow(Post, Client{Addr: addr(i)})
			}
		})
	}
}
