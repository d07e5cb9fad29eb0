package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// tryWithin bounds one try of Retry.
const tryWithin = 10 * time.Second

// Wait waits, and reports false when ctx ended first.
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

// Retry calls try every so often until it succeeds. When that takes too long,
// or when ctx ends, it returns the last error.
func Retry(ctx context.Context, within, every time.Duration, try func(context.Context) error) error {
	for end := time.Now().Add(within); ; {
		attempt, cancel := context.WithTimeout(ctx, tryWithin)
		err := try(attempt)
		cancel()
		switch {
		case err == nil:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("not within %v: %w", within, err)
		case !Wait(ctx, every):
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// Progress writes a line every so often until ctx ends.
func Progress(ctx context.Context, w io.Writer, every time.Duration, line func(since time.Duration) string) {
	for begun := time.Now(); Wait(ctx, every); {
		_, _ = fmt.Fprintln(w, line(time.Since(begun)))
	}
}

// Parallel calls work for 0…n-1 on several goroutines. Each of them ends with
// its first error.
func Parallel(lanes, n int, work func(int) error) error {
	errs := make([]error, lanes)
	var all sync.WaitGroup
	for l := range lanes {
		all.Go(func() {
			for i := l; i < n && errs[l] == nil; i += lanes {
				errs[l] = work(i)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
