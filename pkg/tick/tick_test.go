package tick

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestWorkRepeatsUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		begun := time.Now()
		var now, after []time.Duration
		done := make(chan struct{})
		go func() {
			defer close(done)
			for at := range AtOnce(ctx, time.Second) {
				now = append(now, at.Sub(begun))
			}
		}()
		for at := range After(ctx, time.Second) {
			after = append(after, at.Sub(begun))
		}
		<-done
		if s := time.Second; !slices.Equal(after, []time.Duration{s, 2 * s, 3 * s}) || !slices.Equal(now, []time.Duration{0, s, 2 * s, 3 * s}) {
			t.Errorf("at once %v, after %v", now, after)
		}
	})
}

func TestALoopIsLeftWhenItIsBroken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		for range AtOnce(t.Context(), time.Second) {
			break
		}
		for range After(t.Context(), time.Second) {
			break
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		if !Wait(ctx, 2*time.Second) || Wait(ctx, time.Hour) {
			t.Error("the first wait is cut short, or the second is not")
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
