package engine

import (
	"iter"
	"maps"
	"sync"
	"time"
)

// shelf is the memory of a mirror. Entries come from the watch, from answers
// of the bucket and from own writes, so an older one may come after a newer
// one. The revision tells which is which, but only within one walk: an engine
// that lost its last writes counts again from where it was.
type shelf[T any] struct {
	same     func(old, next T) bool
	outlives func(T) bool
	changed  bell

	mu      sync.RWMutex
	walk    uint64 // changes when a walk begins, and when one is lost
	deleted uint64 // newest revision that was a deletion in this walk
	items   map[string]item[T]
}

// item is a value, the entry that it was made of, and the walk that found it.
type item[T any] struct {
	value    T
	revision uint64
	created  time.Time
	walk     uint64
}

func newShelf[T any](same func(old, next T) bool, outlives func(T) bool) shelf[T] {
	if same == nil {
		same = func(T, T) bool { return false }
	}
	if outlives == nil {
		outlives = func(T) bool { return false }
	}
	return shelf[T]{same: same, outlives: outlives, items: make(map[string]item[T])}
}

// now is the number of the present walk. Whoever reads or writes the bucket
// takes it first. When a walk begins or is lost meanwhile, the answer is not
// held: a deletion after it might not be told.
func (s *shelf[T]) now() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.walk
}

// begin starts a new walk.
func (s *shelf[T]) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.walk++
	s.deleted = 0
}

// again finds the value of an entry that is held already, and notes that it is
// still there.
func (s *shelf[T]) again(e Entry, walk uint64) (v T, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, held := s.items[e.Key]
	if !held || it.revision != e.Revision || !it.created.Equal(e.Created) || walk != s.walk {
		return v, false
	}
	it.walk = walk
	s.items[e.Key] = it
	return it.value, true
}

// hold keeps the value of an entry, unless something newer is known.
func (s *shelf[T]) hold(e Entry, walk uint64, v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, held := s.items[e.Key]
	if walk != s.walk || e.Revision <= s.deleted || held && old.walk == walk && old.revision >= e.Revision {
		return
	}
	s.items[e.Key] = item[T]{value: v, revision: e.Revision, created: e.Created, walk: walk}
	if !held || !s.same(old.value, v) {
		s.changed.ring()
	}
}

// drop takes out a deleted entry, unless it was written again.
func (s *shelf[T]) drop(e Entry, walk uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if walk != s.walk {
		return
	}
	s.deleted = max(s.deleted, e.Revision)
	if old, held := s.items[e.Key]; held && (old.walk != walk || old.revision < e.Revision) {
		delete(s.items, e.Key)
		s.changed.ring()
	}
}

// prune takes out what the walk that has just ended did not find.
func (s *shelf[T]) prune() {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.items)
	maps.DeleteFunc(s.items, func(_ string, it item[T]) bool { return it.walk != s.walk && !s.outlives(it.value) })
	if len(s.items) != before {
		s.changed.ring()
	}
}

func (s *shelf[T]) get(key string) (v T, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	it, known := s.items[key]
	return it.value, known
}

// all goes over a copy, so that its caller may use the mirror.
func (s *shelf[T]) all() iter.Seq2[string, T] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	items := maps.Clone(s.items)
	return func(yield func(string, T) bool) {
		for key, it := range items {
			if !yield(key, it.value) {
				return
			}
		}
	}
}

// bell wakes everybody who waits for it.
type bell struct {
	mu sync.Mutex
	c  chan struct{} // nil while nobody waits
}

func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}
