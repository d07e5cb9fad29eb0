package store

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// moody is a place for objects that takes no more than so many bytes, fails, or
// takes its time.
type moody struct {
	Driver

	mu   sync.Mutex
	room int64 // bytes that an object may have; 0 is any number
	err  error
	slow time.Duration
}

func (m *moody) be(change func(*moody)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

func (m *moody) take(n int64) error {
	m.mu.Lock()
	err, room, slow := m.err, m.room, m.slow
	m.mu.Unlock()
	<-time.After(slow)
	if err == nil && room > 0 && n > room {
		err = fault.New(fault.StorageFull)
	}
	return err
}

func (m *moody) Put(_ context.Context, _ string, r io.Reader) (int64, error) {
	n, err := io.Copy(io.Discard, r)
	if err == nil {
		err = m.take(n)
	}
	return n, err
}

func (m *moody) Probe(_ context.Context, more int64) error { return m.take(more + 1) }

func TestAStoreIsKnownByWhatItTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := new(moody)
		s := storeOn(t, m)
		if err := s.Accepts(); err != nil {
			t.Fatalf("before anything is known: %v", err)
		}
		if err := s.Takes(); fault.CodeOf(err) != fault.StorageUnavailable {
			t.Fatalf("before anything is known, it takes what is paid for: %v", err)
		}
		for _, c := range []struct {
			name string
			turn func(*moody)
			want fault.Code
		}{
			{"away", func(m *moody) { m.err = errors.New("no route") }, fault.StorageUnavailable},
			{"full", func(m *moody) { m.err = fault.New(fault.StorageFull).After(time.Minute) }, fault.StorageFull},
			{"well again", func(m *moody) { m.err = nil }, ""},
			{"slow once", func(m *moody) { m.slow = probeWithin + time.Millisecond }, ""},
			{"slow twice", func(*moody) {}, fault.StorageUnavailable},
			{"still slow", func(*moody) {}, fault.StorageUnavailable},
			{"well", func(m *moody) { m.slow = probeWithin / 2 }, ""},
		} {
			m.be(c.turn)
			probed := s.Probe(t.Context())
			err := s.Accepts()
			if got := fault.CodeOf(s.Takes()); got != c.want {
				t.Errorf("%s: for what is paid for it is %q", c.name, got)
			}
			if fault.CodeOf(err) != c.want || (probed == nil) != (c.want == "") {
				t.Errorf("%s: %v, and the probe found %v", c.name, err, probed)
			}
			if err != nil && fault.As(err).RetryAfter > acceptRetry {
				t.Errorf("%s: who asks again waits %v", c.name, fault.As(err).RetryAfter)
			}
		}
	})
}

func TestAProbeThatDoesNotEndIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &moody{slow: time.Hour}
		s := storeOn(t, m)
		done := make(chan struct{})
		go func() { defer close(done); _ = s.Probe(t.Context()) }()
		synctest.Wait()
		if err := s.Accepts(); err != nil {
			t.Errorf("at first: %v", err)
		}
		<-time.After(probeOver + time.Millisecond)
		if err := s.Accepts(); fault.CodeOf(err) != fault.StorageUnavailable {
			t.Errorf("then: %v", err)
		}
		<-done
	})
}

// A disk with a few bytes left takes what a probe writes, and no picture.
func TestAStoreThatHadNoRoomIsProbedWithAsMuch(t *testing.T) {
	t.Parallel()
	m := &moody{room: 1000}
	s := storeOn(t, m)
	if err := s.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), aKey, strings.NewReader(strings.Repeat("p", 5000)), 1<<20); fault.CodeOf(err) != fault.StorageFull {
		t.Fatalf("a picture: %v", err)
	}
	if err := s.Accepts(); fault.CodeOf(err) != fault.StorageFull {
		t.Errorf("at once: %v", err)
	}
	if err := s.Probe(t.Context()); fault.CodeOf(err) != fault.StorageFull || fault.CodeOf(s.Accepts()) != fault.StorageFull {
		t.Errorf("the next probe finds %v", err)
	}
	m.be(func(m *moody) { m.room = 6000 })
	if err := s.Probe(t.Context()); err != nil || s.Accepts() != nil {
		t.Errorf("with room again: %v, %v", err, s.Accepts())
	}
}

// One write that broke off says nothing of the others.
func TestOneFailedWriteDoesNotCloseAStore(t *testing.T) {
	t.Parallel()
	m := &moody{err: fault.New(fault.StorageUnavailable)}
	s := storeOn(t, m)
	if _, err := s.Put(t.Context(), aKey, strings.NewReader("picture"), 99); err == nil {
		t.Fatal("it was taken")
	}
	if err := s.Accepts(); err != nil {
		t.Errorf("then: %v", err)
	}
}
