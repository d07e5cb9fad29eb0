package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	bench "github.com/imgfleet/imgfleet/deploy/bench/rig"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	readers = 16
	// settling is how long it may take until canceled calls and abandoned jobs
	// are booked.
	settling = time.Minute
)

// runArms runs all arms, one after the other.
func runArms(ctx context.Context, c Config, progress io.Writer) (out []result, err error) {
	as, err := readFallback(c.File)
	if err != nil {
		return nil, err
	}
	home, err := rig.NewHome(c.Dir, "fleetsim")
	if err != nil {
		return nil, err
	}
	defer func() {
		home.Leave(err == nil && !slices.ContainsFunc(out, func(r result) bool { return len(r.outside)+len(r.lost) > 0 }), progress)
	}()
	fmt.Fprintln(progress, "fleet-sim: building")
	programs, err := rig.Build(ctx, home.Dir(), rig.Gateway, rig.Worker)
	if err != nil {
		return nil, err
	}
	for i, a := range arms(c, as) {
		dir := filepath.Join(home.Dir(), fmt.Sprintf("arm%d", i+1))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		r, err := runArm(ctx, c, a, programs, dir, progress)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// runArm starts a fleet, lets the crowd live, and reads everything when the
// books are closed.
func runArm(ctx context.Context, c Config, a arm, programs rig.Programs, dir string, progress io.Writer) (r result, err error) {
	others, err := watchOthers()
	if err != nil {
		return r, err
	}
	f, err := plan(ctx, c, a, programs, dir)
	if err != nil {
		return r, err
	}
	defer f.kill()
	if err := f.up(ctx); err != nil {
		return r, err
	}
	cr, err := gather(ctx, f)
	if err != nil {
		return r, err
	}
	if err := cr.live(ctx, progress); err != nil {
		return r, err
	}
	if r, err = settle(ctx, f, cr); err != nil {
		return r, err
	}
	if err := f.down(ctx); err != nil {
		return r, err
	}
	r.others, err = others()
	return r, err
}

// settle reads records, ledger and the vendors' counts until they agree, or
// until the time for it is over.
func settle(ctx context.Context, f *fleet, cr *crowd) (r result, err error) {
	_ = rig.Retry(ctx, settling, time.Second, func(context.Context) error {
		var e evidence
		if e, err = read(ctx, f, cr.ids); err != nil {
			return nil
		}
		e.lost = cr.lost
		if r = judge(f.arm, e); len(r.outside) > 0 {
			return errMissed
		}
		return nil
	})
	return r, errors.Join(err, context.Cause(ctx))
}

// read collects records, ledger and the vendors' counts.
func read(ctx context.Context, f *fleet, ids []task.ID) (e evidence, err error) {
	e.tasks = make([]operator.Task, len(ids))
	err = rig.Parallel(readers, len(ids), func(i int) (err error) {
		e.tasks[i], err = f.admin.Task(ctx, ids[i])
		return err
	})
	if err != nil {
		return e, fmt.Errorf("read the tasks: %w", err)
	}
	if e.books, err = f.vendors.Books(ctx); err != nil {
		return e, err
	}
	e.costs, err = f.admin.Costs(ctx, 2)
	return e, err
}

// watchOthers returns a function that tells how many processors other programs
// used meanwhile. Call it when all of our processes have ended.
func watchOthers() (func() (float64, error), error) {
	begun := time.Now()
	machine, err := bench.Machine()
	ours := spent()
	return func() (float64, error) {
		now, err := bench.Machine()
		return max(0, now-machine-(spent()-ours)) / time.Since(begun).Seconds(), err
	}, err
}

// spent is the processor time of this process and of those that it started
// and that have ended, in seconds.
func spent() float64 { return rig.Used(syscall.RUSAGE_SELF) + rig.Used(syscall.RUSAGE_CHILDREN) }
