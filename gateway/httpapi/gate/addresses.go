package gate

import (
	"hash/maphash"
	"net"
	"net/netip"
	"sync"
)

const (
	shards  = 64
	network = 64 // bits of an IPv6 address that one customer has for itself
)

// addresses counts by address. Addresses with nothing counted take no memory.
type addresses struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu sync.Mutex
	n  map[netip.Addr]int64
}

func newAddresses() *addresses {
	a := &addresses{seed: maphash.MakeSeed()}
	for i := range a.shards {
		a.shards[i].n = make(map[netip.Addr]int64)
	}
	return a
}

func (a *addresses) shard(addr netip.Addr) *shard {
	return &a.shards[maphash.Comparable(a.seed, addr)%shards]
}

// enter counts one more for an address, unless it has most already; 0 is no
// cap. The zero address is not counted.
func (a *addresses) enter(addr netip.Addr, most int64) bool {
	return !addr.IsValid() || a.shard(addr).enter(addr, most)
}

func (a *addresses) leave(addr netip.Addr) {
	if addr.IsValid() {
		a.shard(addr).leave(addr)
	}
}

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

// chargedTo is the address that is charged for a peer's connection: of IPv6
// the network, within which one customer may take any address it likes.
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
		return netip.PrefixFrom(addr, network).Masked().Addr()
	}
	return addr
}
