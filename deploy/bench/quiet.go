package main

import (
	"context"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	programs "github.com/imgfleet/imgfleet/deploy/rig"
)

const (
	quietMoment = 300 * time.Millisecond
	quietEnough = 0.15 // processors
	disturbed   = 0.25 // processors that others used during a round
)

// quiet waits for a machine on which nothing else works, as long as the
// configuration has patience.
func (b *bench) quiet(ctx context.Context) error {
	for end := time.Now().Add(b.config.Patience); ; {
		busy, err := rig.Busy(quietMoment)
		if err != nil || busy <= quietEnough || time.Now().After(end) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// undisturbed runs a round, and again as long as patience lasts when other
// programs worked on this machine meanwhile: such a round says little. The
// round tells what its load processes used.
func (b *bench) undisturbed(ctx context.Context, r *rig.Rig, round func() (load.Result, error)) (res load.Result, err error) {
	for end := time.Now().Add(b.config.Patience); ; {
		if err := b.quiet(ctx); err != nil {
			return res, err
		}
		var others float64
		if res, others, err = beside(r, round); err != nil || others <= disturbed {
			return res, err
		}
		if time.Now().After(end) {
			b.out.Doubt(others)
			return res, nil
		}
		b.say("  again: other programs used %.1f processors", others)
	}
}

// once is undisturbed for what cannot be run again.
func (b *bench) once(ctx context.Context, r *rig.Rig, round func() (load.Result, error)) (load.Result, error) {
	if err := b.quiet(ctx); err != nil {
		return load.Result{}, err
	}
	res, others, err := beside(r, round)
	if err == nil && others > disturbed {
		b.out.Doubt(others)
	}
	return res, err
}

// beside runs a round and tells how many processors other programs used
// meanwhile.
func beside(r *rig.Rig, round func() (load.Result, error)) (res load.Result, others float64, err error) {
	before, err := spent(r)
	if err != nil {
		return res, 0, err
	}
	if res, err = round(); err != nil {
		return res, 0, err
	}
	after, err := spent(r)
	used := after.machine - before.machine - (after.ours - before.ours) - res.CPU
	return res, used / after.at.Sub(before.at).Seconds(), err
}

// usage is processor time so far, of all programs and of those that belong
// to the measurement and live longer than a round.
type usage struct {
	at            time.Time
	machine, ours float64
}

func spent(r *rig.Rig) (usage, error) {
	u, err := r.Usage()
	if err != nil {
		return usage{}, err
	}
	return usage{u.At, u.Machine, u.Gateway + u.Workers + programs.Used(syscall.RUSAGE_SELF)}, nil
}
