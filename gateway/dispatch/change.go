package dispatch

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// clone copies a record so that a refused change leaves the old one whole.
func clone(r *task.Record) *task.Record {
	c := *r
	c.Attempts = slices.Clone(r.Attempts)
	return &c
}

// errDeposed says that another dispatcher drives the task. Only the leader
// writes attempts; a walk that finds attempts it did not write has lost the
// lead without knowing, and must touch neither the record nor a call again.
var errDeposed = errors.New("another dispatcher drives the task")

// change applies edit to the newest revision and writes it, again after each
// lost race. It returns errEnded when the task ended meanwhile.
func (w *walk) change(ctx context.Context, edit func(*task.Record) error) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		if w.ended() {
			return errEnded
		}
		next := clone(w.rec)
		if err := edit(next); err != nil {
			return err
		}
		rev, err := w.Queue.Write(ctx, next, w.rev)
		if err == nil {
			w.rec, w.rev = next, rev
			return nil
		}
		if fault.KindOf(err) != fault.Conflict {
			w.Logger.Warn("revision not written, trying again", "task", w.job.ID, "err", err)
			if err := sleep(ctx, wait); err != nil {
				return err
			}
		}
		if written, err := w.catchUp(ctx, next); written || err != nil {
			return err
		}
	}
}

// catchUp adopts the newest revision and reports whether it holds what next
// meant to write: then only the answer to the write was lost.
func (w *walk) catchUp(ctx context.Context, next *task.Record) (written bool, _ error) {
	rec, rev, err := w.read(ctx)
	if err != nil {
		return false, err
	}
	moved := !alike(w.rec.Attempts, next.Attempts)
	switch {
	case same(rec, next), !gone(rec) && moved && alike(rec.Attempts, next.Attempts):
		written = true // in the second case a cancel came on top of it
	case !gone(rec) && !alike(rec.Attempts, w.rec.Attempts):
		return false, errDeposed
	}
	w.rec, w.rev = rec, rev
	return written, nil
}

// reload adopts the newest revision; errEnded when that is the last one.
func (w *walk) reload(ctx context.Context) error {
	rec, rev, err := w.read(ctx)
	switch {
	case err != nil:
		return err
	case !gone(rec) && !alike(rec.Attempts, w.rec.Attempts):
		return errDeposed
	}
	w.rec, w.rev = rec, rev
	if w.ended() {
		return errEnded
	}
	return nil
}

// read returns the newest revision, however long the engine takes to answer.
// A task that has expired from the stream is as good as deleted.
func (w *walk) read(ctx context.Context) (*task.Record, uint64, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		rec, rev, err := w.Queue.Lookup(ctx, w.job.Session, w.job.ID)
		switch {
		case err == nil:
			return rec, rev, nil
		case fault.KindOf(err) == fault.NotFound:
			return w.rec.Tombstone(), 0, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, 0, err
		}
	}
}

// gone reports whether a record has ended, so that nobody's attempts matter.
func gone(r *task.Record) bool { return r.Deleted || r.State.Terminal() }

// alike reports whether two lists hold the same attempts as far as those who
// drive a task write them.
func alike(a, b []task.Attempt) bool {
	return slices.EqualFunc(a, b, func(a, b task.Attempt) bool {
		return a.Number == b.Number && a.Worker == b.Worker && a.Outcome == b.Outcome && a.StartedAt.Equal(b.StartedAt)
	})
}

func same(a, b *task.Record) bool {
	x, errX := sonic.ConfigStd.Marshal(a) // which orders maps
	y, errY := sonic.ConfigStd.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// sleep waits between tries at an engine that does not answer.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
