package dev

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"time"
)

// drain is how long a shutdown may take; the contract says ten seconds, and
// the last moment is for killing.
const drain = 9 * time.Second

// crew is all children.
type crew struct {
	gateways []*child // the first hosts the engine
	workers  []*child
	doubles  []*child   // what plays the vendors: at most one
	failed   chan error // the first child that is given up
	running  sync.WaitGroup
}

// run starts some of the children and returns at once.
func (c *crew) run(ctx context.Context, children []*child) {
	for _, k := range children {
		k.hired = true
		c.running.Go(func() {
			if err := k.run(ctx); err != nil {
				select {
				case c.failed <- err:
				default: // another one was first
				}
			}
		})
	}
}

func (c *crew) all() []*child { return slices.Concat(c.gateways, c.workers, c.doubles) }

// stop drains in the order in which parts need each other: workers still have
// to hear from vendors and deliver pictures to the gateways, and the gateways
// need the engine of the first one. What is not done in time is killed.
func (c *crew) stop() {
	began := time.Now()
	waves := [][]*child{c.workers, slices.Concat(c.doubles, c.gateways[1:]), c.gateways[:1]}
	for i, wave := range waves {
		for _, k := range wave {
			k.signal(syscall.SIGTERM)
		}
		// each wave may use what is left up to its share of the whole
		until := began.Add(drain * time.Duration(i+2) / time.Duration(len(waves)+1))
		await(wave, until)
	}
	for _, k := range c.all() {
		k.signal(syscall.SIGKILL)
	}
	c.running.Wait()
}

// await waits until all of a wave have ended, or for the moment.
func await(wave []*child, until time.Time) {
	late := time.NewTimer(time.Until(until))
	defer late.Stop()
	for _, k := range wave {
		if !k.hired {
			continue
		}
		select {
		case <-k.done:
		case <-late.C:
			return
		}
	}
}
