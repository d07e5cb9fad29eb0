package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// macSize is 128 bits: as strong as the ids, and short in a URL.
const macSize = 16

// master is one shared secret and the keys derived from it so far. Purposes
// are constants of this program, so the map stays small.
type master struct {
	stored

	keys sync.Map // purpose → *key
}

// key is one purpose's key with prepared hash states: resetting one skips
// half the work of a short HMAC.
type key struct {
	secret []byte
	states sync.Pool
}

func (m *master) key(purpose string) *key {
	if k, ok := m.keys.Load(purpose); ok {
		return k.(*key)
	}
	secret, err := hkdf.Key(sha256.New, m.Secret, nil, "imgfleet/"+purpose, sha256.Size)
	if err != nil {
		panic("keys: hkdf of 32 bytes cannot fail: " + err.Error())
	}
	k := &key{secret: secret}
	k.states.New = func() any { return hmac.New(sha256.New, secret) }
	known, _ := m.keys.LoadOrStore(purpose, k)
	return known.(*key)
}

func (k *key) mac(msg []byte) []byte {
	sum := make([]byte, 0, sha256.Size)
	return k.sum(sum, msg)[:macSize]
}

func (k *key) check(msg, mac []byte) bool {
	var sum [sha256.Size]byte
	return hmac.Equal(k.sum(sum[:0], msg)[:macSize], mac)
}

func (k *key) sum(to, msg []byte) []byte {
	h := k.states.Get().(hash.Hash)
	h.Reset()
	_, _ = h.Write(msg)
	to = h.Sum(to)
	k.states.Put(h)
	return to
}
