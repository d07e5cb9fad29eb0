package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	lean     = 30  // percent by which the heap may grow: little memory, much collecting
	generous = 100 // the runtime's own

	heapEvery = 200 * time.Millisecond
	calmFor   = 30 * time.Second // before being lean again

	// Shares of the processors. Being generous takes a third of the time.
	costly = 0.025
	cheap  = 0.005
)

// heap keeps the process small while collecting garbage costs next to
// nothing, and lets it grow under loads that make much of it, such as
// thousands of accepted tasks a second. Uploads make little: without it they
// would only fill what the runtime allows.
type heap struct {
	spent func() time.Duration // by collecting, since the start
	set   func(percent int)
	procs int
}

// newHeap is nil when the operator decided by GOGC.
func newHeap(getenv func(string) string) *heap {
	if getenv("GOGC") != "" {
		return nil
	}
	return &heap{spent: collecting, set: func(percent int) { debug.SetGCPercent(percent) }, procs: runtime.GOMAXPROCS(0)}
}

// Run decides again and again until ctx ends.
func (h *heap) Run(ctx context.Context) error {
	if h == nil {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	tick := time.NewTicker(heapEvery)
	defer tick.Stop()
	h.set(lean)
	var debt, calm time.Duration
	since, last := time.Time{}, h.spent() // since when the heap is generous, or was seen busy
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		spent := h.spent()
		cost := spent - last
		last = spent
		if since.IsZero() {
			// One second's share may be spent at once, and what is not spent is lost.
			if debt = max(0, debt+cost-h.share(costly, heapEvery)); debt > h.share(costly, time.Second) {
				h.set(generous)
				since, calm = time.Now(), 0
			}
			continue
		}
		if calm += cost; time.Since(since) < calmFor {
			continue
		}
		if since = time.Now(); calm < h.share(cheap, calmFor) {
			h.set(lean)
			since, debt = time.Time{}, 0
		}
		calm = 0
	}
}

// share of all processors for some time.
func (h *heap) share(of float64, d time.Duration) time.Duration {
	return time.Duration(of * float64(h.procs) * float64(d))
}

// collecting is the processor time that the collector took. What it did while
// the process was idle counts: others on the machine may not have been.
func collecting() time.Duration {
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(sample)
	return time.Duration(sample[0].Value.Float64() * float64(time.Second))
}
