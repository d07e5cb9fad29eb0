package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

// rollGrace is how long one process of a rolling restart may drain.
const rollGrace = 45 * time.Second

// reaper kills processes at random moments and starts them again a little
// later. It also starts again what ended by itself.
type reaper struct {
	site     *site
	rand     *rand.Rand
	every    time.Duration
	kinds    []string
	half     func() bool  // whether to restart everything in turn now; nil for never, and after it was done
	rolls    atomic.Int64 // restarts in turn
	gateways atomic.Int64 // killed
	workers  atomic.Int64
	nodes    atomic.Int64 // of the engine
}

func newReaper(c Config, s *site) *reaper {
	return &reaper{site: s, rand: rand.New(rand.NewPCG(c.Seed, 1<<40)), every: c.Every, kinds: c.Kill}
}

// run reaps until ctx ends, and leaves everything running.
func (r *reaper) run(ctx context.Context) error {
	for {
		pause := r.every/4 + time.Duration(r.rand.Int64N(int64(r.every)*3/2)) // the mean is r.every
		if !rig.Wait(ctx, pause) {
			return r.revive()
		}
		if r.half != nil && r.half() {
			r.half = nil
			if err := r.roll(ctx); err != nil {
				return err
			}
		}
		victims := r.choose()
		for _, p := range victims {
			_ = p.Signal(syscall.SIGKILL)
		}
		for _, p := range victims {
			p.Kill()
		}
		rig.Wait(ctx, 50*time.Millisecond+time.Duration(r.rand.Int64N(int64(800*time.Millisecond))))
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

// roll restarts everything in turn, as a deploy does.
func (r *reaper) roll(ctx context.Context) error {
	if err := r.revive(); err != nil {
		return err
	}
	for _, p := range r.site.all() {
		r.recover(ctx)
		if err := p.Stop(ctx, rollGrace); err != nil && ctx.Err() == nil {
			return fmt.Errorf("rolling restart: %w", err)
		}
		if err := p.Start(); err != nil {
			return err
		}
		r.rolls.Add(1)
	}
	r.recover(ctx)
	return nil
}

// recover waits for both gateways, each for 15 seconds at most.
func (r *reaper) recover(ctx context.Context) {
	for i := range r.site.gateways {
		_ = r.site.ready(ctx, i, 1, 15*time.Second) // a dead one is started again by the next round
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
