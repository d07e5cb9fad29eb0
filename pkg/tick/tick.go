// Package tick waits, wakes who waits, and repeats work at an interval until a
// context ends.
package tick

import (
	"context"
	"iter"
	"time"
)

// AtOnce begins at once and repeats every d, until ctx ends or the loop is left.
func AtOnce(ctx context.Context, d time.Duration) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		t := time.NewTicker(d)
		defer t.Stop()
		for now, more := time.Now(), true; more && yield(now); {
			now, more = next(ctx, t)
		}
	}
}

// After begins after d and repeats every d, until ctx ends or the loop is left.
func After(ctx context.Context, d time.Duration) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			if now, more := next(ctx, t); !more || !yield(now) {
				return
			}
		}
	}
}

func next(ctx context.Context, t *time.Ticker) (now time.Time, more bool) {
	select {
	case <-ctx.Done():
		return now, false
	case now = <-t.C:
		return now, true
	}
}

// Wait waits for d. It returns false at once when ctx ends.
func Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Wake wakes who waits on a channel with room for one, once however often it is
// called before.
func Wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
