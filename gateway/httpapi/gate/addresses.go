package gate

import (
	"hash/maphash"
	"math"
	"net"
	"net/netip"
	"sync"
)

const (
	shards = 64

	// One IPv6 customer has a /64 at least, within which it takes any address
	// it likes, and may have a /48. A site may have as much as so many /64, as
	// in gateway/ratelimit.
	networkBits = 64
	siteBits    = 48
	siteShare   = 16
)

// addresses counts connections by address: by that of IPv4; by network and
// site of IPv6.
type addresses struct {
	networks, sites *table
}

func newAddresses() *addresses { return &addresses{newTable(), newTable()} }

// enter counts one more for an address, unless it has most already; 0 is no
// cap. The zero address is not counted.
func (a *addresses) enter(addr netip.Addr, most int64) bool {
	if !addr.IsValid() {
		return true
	}
	if !a.networks.enter(addr, most) {
		return false
	}
	if addr.Is6() && !a.sites.enter(site(addr), siteMost(most)) {
		a.networks.leave(addr)
		return false
	}
	return true
}

func (a *addresses) leave(addr netip.Addr) {
	if !addr.IsValid() {
		return
	}
	a.networks.leave(addr)
	if addr.Is6() {
		a.sites.leave(site(addr))
	}
}

func site(addr netip.Addr) netip.Addr { return netip.PrefixFrom(addr, siteBits).Masked().Addr() }

func siteMost(most int64) int64 { return min(most, math.MaxInt64/siteShare) * siteShare }

// table counts by address. One with nothing counted takes no memory.
type table struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu sync.Mutex
	n  map[netip.Addr]int64
}

func newTable() *table {
	t := &table{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].n = make(map[netip.Addr]int64)
	}
	return t
}

func (t *table) shard(addr netip.Addr) *shard {
	return &t.shards[maphash.Comparable(t.seed, addr)%shards]
}

func (t *table) enter(addr netip.Addr, most int64) bool { return t.shard(addr).enter(addr, most) }

func (t *table) leave(addr netip.Addr) { t.shard(addr).leave(addr) }

func (s *shard) enter(addr netip.Addr, most int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.n[addr]
	if most > 0 && n >= most {
		return false
	}
	s.n[addr] = n + 1
	return true
}

func (s *shard) leave(addr netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.n[addr] - 1; n > 0 {
		s.n[addr] = n
		return
	}
	delete(s.n, addr)
}

// chargedTo is the address that is charged for a peer's connection.
func (l *Listener) chargedTo(peer net.Addr) netip.Addr {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range l.c.Uncounted {
		if p.Contains(addr) {
			return netip.Addr{}
		}
	}
	if addr.Is6() {
		return netip.PrefixFrom(addr, networkBits).Masked().Addr()
	}
	return addr
}
