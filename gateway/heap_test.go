package main

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTheHeapIsLeanWhileThatIsCheap drives the collector's share of two
// processors up and down.
func TestTheHeapIsLeanWhileThatIsCheap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var spent atomic.Int64
		var got []int
		h := &heap{
			spent: func() time.Duration { return time.Duration(spent.Load()) },
			set:   func(percent int) { got = append(got, percent) },
			procs: 2,
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		synctest.Wait()
		for _, step := range []struct {
			cost  time.Duration // each tick
			lasts time.Duration
			want  int
		}{
			{9 * time.Millisecond, time.Minute, lean}, // 2.25 % of two processors
			{55 * time.Millisecond, heapEvery, lean},  // a moment
			{9 * time.Millisecond, time.Minute, lean},
			{55 * time.Millisecond, 2 * heapEvery, generous}, // more than a moment
			{4 * time.Millisecond, time.Minute, generous},    // 1 % would be costly again
			{time.Millisecond, 20 * time.Second, generous},
			{time.Millisecond, 45 * time.Second, lean},
			{55 * time.Millisecond, 3 * heapEvery, generous},
		} {
			for range step.lasts / heapEvery {
				spent.Add(int64(step.cost))
				<-time.After(heapEvery)
				synctest.Wait()
			}
			if last := got[len(got)-1]; last != step.want {
				t.Errorf("after %v at %v: %d percent, want %d", step.lasts, step.cost, last, step.want)
			}
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
		if want := []int{lean, generous, lean, generous}; !slices.Equal(got, want) {
			t.Errorf("percents were %v, want %v", got, want)
		}
	})
}

func TestTheHeapIsTheOperatorsWhenGOGCIsSet(t *testing.T) {
	t.Parallel()
	if h := newHeap(func(string) string { return "50" }); h != nil {
		t.Error("GOGC is overruled")
	}
	if h := newHeap(func(string) string { return "" }); h == nil {
		t.Error("nobody looks after the heap")
	}
}

// TestTheRuntimeTellsWhatCollectingTook fails when a release of Go renames
// what is read.
func TestTheRuntimeTellsWhatCollectingTook(t *testing.T) {
	t.Parallel()
	before := collecting()
	for range 3 {
		runtime.GC()
	}
	if now := collecting(); now <= before {
		t.Errorf("three collections took %v", now-before)
	}
}
