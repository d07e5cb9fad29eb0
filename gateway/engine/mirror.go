package engine

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// MirrorConfig says what a mirror holds of which entries.
type MirrorConfig[T any] struct {
	Bucket *Bucket
	Filter string // of the keys, ">" for all

	// Read makes the value of an entry and says whether the mirror holds it.
	// It is not called for deletions. After an error the mirror is blind and
	// reads everything again.
	Read func(context.Context, Entry) (v T, hold bool, err error)

	// Same reports whether Changed stays silent when the second value replaces
	// the first. Nil: it never does.
	Same func(old, next T) bool

	// Outlives reports whether the mirror keeps a value when it reads everything
	// again and does not find the value's key. Nil: it keeps none.
	Outlives func(T) bool
}

// Mirror holds entries of a bucket in memory and knows when it is blind.
//
// A mirror is sighted from the moment when it has read every entry until the
// connection to the engine breaks, falls silent for two heartbeats, or loses a
// message. While it is sighted it lags behind the bucket only by the delivery
// of a message, and what was written through this mirror is there when Put or
// Update returns. While it is blind, Lookup asks the bucket, with a short
// bound, and fails with fault.Unavailable when the bucket does not answer.
type Mirror[T any] struct {
	c     MirrorConfig[T]
	shelf shelf[T]
	sight atomic.Pointer[func() bool] // nil while blind
}

// NewMirror makes the one mirror of a bucket, by whose name it is logged and
// measured. It is blind until Run has read every entry.
func NewMirror[T any](c MirrorConfig[T]) *Mirror[T] {
	m := &Mirror[T]{c: c, shelf: newShelf(c.Same, c.Outlives)}
	promauto.With(c.Bucket.reg).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "imgfleet_engine_mirror_blind", ConstLabels: prometheus.Labels{"mirror": c.Bucket.name},
		Help: "1 while this gateway may have missed changes of a bucket and asks the engine instead of its memory.",
	}, func() float64 {
		if m.Sighted() {
			return 0
		}
		return 1
	})
	return m
}

// Run keeps the mirror until ctx ends.
func (m *Mirror[T]) Run(ctx context.Context) error {
	defer m.sight.Store(nil)
	var lost time.Time
	var level slog.Level // of what is said of it
	_ = m.c.Bucket.Watch(ctx, m.c.Filter, Watcher{
		Begin: m.shelf.begin,
		Entry: func(ctx context.Context, e Entry) error {
			_, _, err := m.take(ctx, e, m.shelf.now())
			return err
		},
		Walked: func(unbroken func() bool) {
			m.shelf.prune()
			m.sight.Store(&unbroken)
			if !lost.IsZero() {
				m.c.Bucket.log.Log(ctx, min(level, slog.LevelInfo), "mirror sees again", "mirror", m.c.Bucket.name, "blind_for", time.Since(lost))
				lost = time.Time{}
			}
		},
		Lost: func(err error) {
			m.sight.Store(nil)
			m.shelf.begin()
			if lost.IsZero() {
				lost = time.Now()
				if level = slog.LevelWarn; errors.Is(err, nats.ErrDisconnected) {
					level = slog.LevelDebug // one line tells of the engine, not one for each mirror
				}
				m.c.Bucket.log.Log(ctx, level, "mirror is blind", "mirror", m.c.Bucket.name, "err", err)
			}
		},
	})
	<-ctx.Done() // an engine that was closed does not come back
	return context.Cause(ctx)
}

// Sighted reports whether the mirror knows everything that is in the bucket.
func (m *Mirror[T]) Sighted() bool {
	unbroken := m.sight.Load()
	return unbroken != nil && (*unbroken)()
}

// Lookup finds the value of a key: in memory while the mirror is sighted, in
// the bucket while it is blind.
func (m *Mirror[T]) Lookup(ctx context.Context, key string) (v T, known bool, err error) {
	if m.Sighted() {
		v, known = m.Get(key)
		return v, known, nil
	}
	walk := m.shelf.now()
	e, err := m.c.Bucket.Ask(ctx, key)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return v, false, nil
	}
	if err == nil {
		v, known, err = m.take(ctx, e, walk)
	}
	return v, known, unanswered(err)
}

// Refresh makes Get and All know what the bucket knows. It does nothing while
// the mirror is sighted; a blind one asks for every entry, with a short bound,
// and keeps those that were deleted until it sees again.
func (m *Mirror[T]) Refresh(ctx context.Context) error {
	if m.Sighted() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	for {
		walk := m.shelf.now()
		for e, err := range m.c.Bucket.Entries(ctx, m.c.Filter) {
			if err == nil {
				_, _, err = m.take(ctx, e, walk)
			}
			if err != nil {
				return unanswered(err)
			}
		}
		if walk == m.shelf.now() { // else nothing was held
			return nil
		}
	}
}

// Get is the last known value of a key, which may be an old one while the
// mirror is blind.
func (m *Mirror[T]) Get(key string) (T, bool) { return m.shelf.get(key) }

// All are the last known values, in no particular order.
func (m *Mirror[T]) All() iter.Seq2[string, T] { return m.shelf.all() }

// Changed returns a channel that is closed when Get or All differ from what
// they returned before this call or later.
func (m *Mirror[T]) Changed() <-chan struct{} { return m.shelf.changed.wait() }

// Put is Bucket.Put; the mirror holds the entry when it returns.
func (m *Mirror[T]) Put(ctx context.Context, key string, value []byte, expect uint64, ttl time.Duration) error {
	walk := m.shelf.now()
	revision, err := m.c.Bucket.Put(ctx, key, value, expect, ttl)
	if err != nil {
		return err
	}
	return m.own(ctx, Entry{Key: key, Value: value, Revision: revision, Created: time.Now()}, walk)
}

// Update is Bucket.Update; the mirror holds the entry when it returns.
func (m *Mirror[T]) Update(ctx context.Context, key string, change func(old []byte) ([]byte, time.Duration, error)) (Entry, error) {
	walk := m.shelf.now()
	e, err := m.c.Bucket.Update(ctx, key, change)
	if err == nil && e.Value != nil {
		err = m.own(ctx, e, walk)
	}
	return e, err
}

// own takes what was written during a walk. When another walk began meanwhile
// the entry may be gone, so it is asked for again.
func (m *Mirror[T]) own(ctx context.Context, e Entry, walk uint64) error {
	for {
		_, _, err := m.take(ctx, e, walk)
		now := m.shelf.now()
		if err != nil || now == walk {
			return err
		}
		walk = now
		if e, err = m.c.Bucket.Ask(ctx, e.Key); err != nil && fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return unanswered(err)
		}
	}
}

// take reads an entry that the watch told, or that was asked for or written
// during a walk.
func (m *Mirror[T]) take(ctx context.Context, e Entry, walk uint64) (v T, hold bool, err error) {
	if e.Deleted {
		m.shelf.drop(e, walk)
		return v, false, nil
	}
	if v, known := m.shelf.again(e, walk); known {
		return v, true, nil
	}
	if v, hold, err = m.c.Read(ctx, e); err == nil && hold {
		m.shelf.hold(e, walk, v)
	}
	return v, hold, err
}
