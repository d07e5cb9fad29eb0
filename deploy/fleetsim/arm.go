package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	bench "github.com/imgfleet/imgfleet/deploy/bench/rig"
	"github.com/imgfleet/imgfleet/deploy/torture/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	readers = 16
	// settling is how long calls that lost against others, and jobs at vendors
	// that nobody waits for any more, may take to be booked.
	settling = time.Minute
)

// runArms runs all arms, one after the other.
func runArms(ctx context.Context, c Config, progress io.Writer) (out []result, err error) {
	dir, clean, err := workplace(c.Dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err == nil && !slices.ContainsFunc(out, func(r result) bool { return len(r.outside)+len(r.lost) > 0 }) {
			clean()
			return
		}
		fmt.Fprintln(progress, "fleet-sim: data and logs are in", dir)
	}()
	fmt.Fprintln(progress, "fleet-sim: building")
	programs, err := rig.Build(ctx, dir, rig.Gateway, rig.Worker)
	if err != nil {
		return nil, err
	}
	for i, a := range arms(c) {
		home := filepath.Join(dir, fmt.Sprintf("arm%d", i+1))
		if err := os.MkdirAll(home, 0o700); err != nil {
			return nil, err
		}
		r, err := runArm(ctx, c, a, programs, home, progress)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// workplace is the directory of a run and how to clean it up.
func workplace(dir string) (path string, clean func(), err error) {
	if dir != "" {
		path, err = filepath.Abs(dir)
		if err == nil {
			err = os.MkdirAll(path, 0o700)
		}
		return path, func() {}, err
	}
	path, err = os.MkdirTemp("", "imgfleet-fleetsim-")
	return path, func() { _ = os.RemoveAll(path) }, err
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

// settle reads records, ledger and the vendors' books until they agree, or
// until they should have.
func settle(ctx context.Context, f *fleet, cr *crowd) (result, error) {
	for deadline := time.Now().Add(settling); ; {
		e, err := read(ctx, f, cr.ids)
		if err != nil {
			return result{}, err
		}
		e.lost = cr.lost
		r := judge(f.arm, e)
		if len(r.outside) == 0 || time.Now().After(deadline) {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// read takes down what all sides say.
func read(ctx context.Context, f *fleet, ids []task.ID) (e evidence, err error) {
	e.tasks = make([]operator.Task, len(ids))
	errs := make([]error, readers)
	var crew sync.WaitGroup
	for n := range readers {
		crew.Go(func() {
			for i := n; i < len(ids) && errs[n] == nil; i += readers {
				e.tasks[i], errs[n] = f.admin.Task(ctx, ids[i])
			}
		})
	}
	crew.Wait()
	for _, err := range errs {
		if err != nil {
			return e, fmt.Errorf("read a task: %w", err)
		}
	}
	if e.books, err = f.books(ctx); err != nil {
		return e, err
	}
	e.costs, err = f.admin.Costs(ctx, 2)
	return e, err
}

// watchOthers tells how many processors other programs used until it is asked,
// when all of ours have ended.
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
func spent() (seconds float64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			seconds += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
		}
	}
	return seconds
}
