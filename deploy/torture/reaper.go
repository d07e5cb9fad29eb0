package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/deploy/torture/rig"
)

// reaper kills processes at random moments and starts them again a little
// later. It also starts again what ended by itself.
type reaper struct {
	site     *site
	rand     *rand.Rand
	every    time.Duration
	kinds    []string
	gateways atomic.Int64 // killed
	workers  atomic.Int64
}

func newReaper(c Config, s *site) *reaper {
	return &reaper{site: s, rand: rand.New(rand.NewPCG(c.Seed, 1<<40)), every: c.Every, kinds: c.Kill}
}

// run reaps until ctx ends, and leaves everything running.
func (r *reaper) run(ctx context.Context) error {
	for {
		pause := r.every/4 + time.Duration(r.rand.Int64N(int64(r.every)*3/2)) // the mean is r.every
		if !wait(ctx, pause) {
			return r.revive()
		}
		victims := r.choose()
		for _, p := range victims {
			_ = p.Signal(syscall.SIGKILL)
		}
		for _, p := range victims {
			p.Kill()
		}
		wait(ctx, 50*time.Millisecond+time.Duration(r.rand.Int64N(int64(800*time.Millisecond))))
		if err := r.revive(); err != nil {
			return err
		}
		// Most of the time all get on their feet before the next blow: on a
		// busy machine nothing would ever start otherwise.
		if r.rand.IntN(3) > 0 {
			r.recover(ctx)
		}
	}
}

// recover waits for both gateways, but not for ever.
func (r *reaper) recover(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for i := range r.site.gateways {
		_ = r.site.ready(ctx, i, 1) // a dead one is started again by the next round
	}
}

// choose picks a victim, now and then several at once.
func (r *reaper) choose() []*rig.Process {
	if len(r.kinds) == 0 {
		return nil
	}
	var out []*rig.Process
	for ok := true; ok; ok = r.rand.IntN(6) == 0 {
		pool, count := r.site.workers, &r.workers
		if r.kinds[r.rand.IntN(len(r.kinds))] == killGateways {
			pool, count = r.site.gateways, &r.gateways
		}
		if p := pool[r.rand.IntN(len(pool))]; p.Running() && !slices.Contains(out, p) {
			out = append(out, p)
			count.Add(1)
		}
	}
	return out
}

func (r *reaper) revive() error {
	for _, p := range r.site.all() {
		if err := p.Start(); err != nil {
			return err
		}
	}
	return nil
}

// wait reports false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
