package store

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	answerWithin = 3 * time.Second // one call to the driver that moves no bytes
	stuckMost    = 128             // calls at once: each that a dead disk keeps costs a thread
)

var errSilent = errors.New("the store does not answer")

func silent() error { return fault.Wrap(fault.StorageUnavailable, errSilent).After(5 * time.Second) }

// gate bounds calls to a driver whose place may not answer: a disk behind a
// network holds a call for as long as it likes, whatever its context says.
type gate struct {
	within time.Duration
	slots  chan struct{}
}

func newGate(within time.Duration) gate {
	return gate{within: within, slots: make(chan struct{}, stuckMost)}
}

// answer is what a call gave.
type answer[T any] struct {
	v   T
	err error
}

// ask returns what call gives, or fault.StorageUnavailable when that takes too
// long. A call that was given up goes on behind; late gets what it gives in the
// end.
func ask[T any](ctx context.Context, g gate, call func(context.Context) (T, error), late func(T)) (v T, err error) {
	over := time.NewTimer(g.within)
	defer over.Stop()
	select {
	case g.slots <- struct{}{}:
	case <-over.C:
		return v, silent()
	case <-ctx.Done():
		return v, gaveUp(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	got := make(chan answer[T], 1)
	go func() {
		v, err := call(ctx)
		<-g.slots
		got <- answer[T]{v, err}
	}()
	select {
	case a := <-got:
		cancel()
		return a.v, a.err
	case <-over.C:
		err = silent()
	case <-ctx.Done():
		err = gaveUp(ctx)
	}
	cancel()
	go func() {
		if a := <-got; a.err == nil && late != nil {
			late(a.v)
		}
	}()
	return v, err
}

// gaveUp says whether the caller has gone, or has no more time for the store.
func gaveUp(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return silent()
	}
	return fault.Wrap(fault.RequestCanceled, context.Cause(ctx))
}

// source is what a driver reads from. Waiting for the client, which may take
// its time, does not count for the driver.
type source struct {
	r      io.Reader
	within time.Duration
	over   *time.Timer // runs while the driver is at work

	mu   sync.Mutex // held while r is read
	shut error      // nobody may read any more
}

func (s *source) Read(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut != nil {
		return 0, s.shut
	}
	s.over.Stop()
	defer s.over.Reset(s.within)
	return s.r.Read(p)
}

// close returns when nobody reads any more: who sent r needs it back.
func (s *source) close(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut = err
}

// pour gives r to a driver for as long as the driver goes on taking it.
func pour(ctx context.Context, g gate, r io.Reader, put func(context.Context, io.Reader) (int64, error)) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &source{r: r, within: g.within, over: time.NewTimer(g.within)}
	defer s.over.Stop()
	got := make(chan answer[int64], 1)
	go func() {
		n, err := put(ctx, s)
		got <- answer[int64]{n, err}
	}()
	select {
	case a := <-got:
		return a.v, a.err
	case <-s.over.C:
		s.close(silent())
		return 0, silent()
	}
}
