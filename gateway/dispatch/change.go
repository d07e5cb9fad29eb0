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
	w.writing.Lock()
	defer w.writing.Unlock()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		if gone(w.rec) {
			return errEnded
		}
		next := clone(w.rec)
		if err := edit(next); err != nil {
			return err
		}
		rev, err := w.Queue.Write(ctx, next, w.rev)
		if err == nil {
			w.adopt(next, rev)
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
	w.adopt(rec, rev)
	return written, nil
}

// reload adopts the newest revision; errEnded when that is the last one.
func (w *walk) reload(ctx context.Context) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	rec, rev, err := w.read(ctx)
	switch {
	case err != nil:
		return err
	case !gone(rec) && !alike(rec.Attempts, w.rec.Attempts):
		return errDeposed
	}
	w.adopt(rec, rev)
	if gone(rec) {
		return errEnded
	}
	return nil
}

// adopt takes a revision over. The caller holds w.writing; records never
// change once they are adopted.
func (w *walk) adopt(rec *task.Record, rev uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rec, w.rev = rec, rev
}

// now is the newest revision this walk knows, never to be changed.
func (w *walk) now() *task.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rec
}

// amend completes the books of a task that has ended: the same version, and
// no event that anybody is shown. A tombstone is left as it is.
func (w *walk) amend(ctx context.Context, edit func(*task.Record)) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	for {
		if w.rec.Deleted || !gone(w.rec) {
			return nil
		}
		next := clone(w.rec)
		edit(next)
		rev, err := w.Queue.Write(ctx, next, w.rev)
		if err == nil {
			w.adopt(next, rev)
			return nil
		}
		if fault.KindOf(err) != fault.Conflict {
			w.Logger.Warn("books not completed, trying again", "task", w.job.ID, "err", err)
			if err := sleep(ctx, time.Second); err != nil {
				return err
			}
		}
		rec, rev, err := w.read(ctx)
		if err != nil {
			return err
		}
		w.adopt(rec, rev)
	}
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
			return w.now().Tombstone(), 0, nil
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
