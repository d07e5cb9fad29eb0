package ratelimit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const keyPurpose = "limits"

// name is what counts are kept and exchanged by: the keyed hash of an action and
// of who does it. It says nothing to somebody who has no key, and of a
// million addresses hardly ever two share a count.
type name uint64

// ring is what gateway/keys gives. Every gateway has the same keys.
type ring interface {
	Key(purpose string) (kid string, key []byte)
}

// lonely is the key of a limiter that shares its counts with nobody.
type lonely [sha256.Size]byte

func newLonely() *lonely {
	k := new(lonely)
	_, _ = rand.Read(k[:]) // never fails since Go 1.24
	return k
}

// Key implements ring.
func (k *lonely) Key(string) (kid string, key []byte) { return "", k[:] }

// namer makes names. A rotation of the keys makes other ones: the counts begin
// anew on all gateways.
type namer struct{ keys ring }

func (n namer) session(a Action, s task.SessionID) name {
	var room [96]byte
	return hash(append(n.begin(room[:0], a), s...))
}

func (n namer) network(a Action, p netip.Prefix) name {
	var room [96]byte
	b := append(n.begin(room[:0], a), byte(p.Bits()))
	if addr := p.Addr(); addr.Is4() {
		four := addr.As4()
		b = append(b, four[:]...)
	} else {
		sixteen := addr.As16()
		b = append(b, sixteen[:p.Bits()/8]...)
	}
	return hash(b)
}

func (n namer) begin(b []byte, a Action) []byte {
	_, key := n.keys.Key(keyPurpose)
	b = append(b, key[:min(len(key), 16)]...)
	return append(append(b, a...), 0)
}

func hash(b []byte) name {
	sum := sha256.Sum256(b)
	return name(binary.LittleEndian.Uint64(sum[:8]))
}
