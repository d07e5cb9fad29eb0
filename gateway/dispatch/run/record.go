package run

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

var (
	// errEnded says that the task ended: the record is terminal or a
	// tombstone, there is nothing left to do but to close the books.
	errEnded = errors.New("task ended")

	// errDeposed says that another leader drives the task. Only the leader
	// writes attempts; a run that finds attempts it did not write has lost the
	// leadership without knowing, and must touch neither the record nor a call
	// again.
	errDeposed = errors.New("another dispatcher drives the task")
)

// record is a task's record as far as its run knows it.
type record struct {
	store   records
	log     *slog.Logger
	unsaved *telemetry.SeldomOf // codes of revisions that were not written, of all runs

	newest  atomic.Pointer[task.Record] // never changed once it is here
	writing sync.Mutex                  // held while a revision is written or read
	rev     uint64                      // of the newest, under writing
}

// now is the newest revision that the run knows, never to be changed.
func (r *record) now() *task.Record { return r.newest.Load() }

func (r *record) ended() bool { return gone(r.now()) }

// change applies edit to the newest revision and writes it, again after each
// lost race. It returns errEnded when the task ended meanwhile.
func (r *record) change(ctx context.Context, edit func(*task.Record) error) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		if r.ended() {
			return errEnded
		}
		next := clone(r.now())
		if err := edit(next); err != nil {
			return err
		}
		written, err := r.write(ctx, next, wait)
		if written || err != nil {
			return err
		}
		if written, err := r.catchUp(ctx, next); written || err != nil {
			return err
		}
	}
}

// amend completes the books of a task that has ended: the same version, and
// no event that anybody is shown. A tombstone is left as it is.
func (r *record) amend(ctx context.Context, edit func(*task.Record)) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for r.ended() && !r.now().Deleted {
		next := clone(r.now())
		edit(next)
		written, err := r.write(ctx, next, time.Second)
		if written || err != nil {
			return err
		}
		rec, rev, err := r.read(ctx)
		if err != nil {
			return err
		}
		r.adopt(rec, rev)
	}
	return nil
}

// reload adopts the newest revision; errEnded when that is the last one.
func (r *record) reload(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	rec, rev, err := r.read(ctx)
	switch {
	case err != nil:
		return err
	case !gone(rec) && !alike(rec.Attempts, r.now().Attempts):
		return errDeposed
	}
	r.adopt(rec, rev)
	if gone(rec) {
		return errEnded
	}
	return nil
}

// write writes a revision and adopts it. When the engine does not answer it
// waits before the next try.
func (r *record) write(ctx context.Context, next *task.Record, wait time.Duration) (written bool, _ error) {
	rev, err := r.store.Write(ctx, next, r.rev)
	switch {
	case err == nil:
		r.adopt(next, rev)
		return true, nil
	case fault.KindOf(err) == fault.Conflict:
		return false, nil
	}
	if r.unsaved.Worth(string(fault.CodeOf(err))) {
		r.log.Warn("revision not written, trying again", "task", next.ID, "err", err)
	}
	return false, sleep(ctx, wait)
}

// catchUp adopts the newest revision and reports whether it holds what next
// meant to write: then only the answer to the write was lost.
func (r *record) catchUp(ctx context.Context, next *task.Record) (written bool, _ error) {
	rec, rev, err := r.read(ctx)
	if err != nil {
		return false, err
	}
	before := r.now().Attempts
	switch {
	case same(rec, next), !gone(rec) && !alike(before, next.Attempts) && alike(rec.Attempts, next.Attempts):
		written = true // in the second case a cancel came on top of it
	case !gone(rec) && !alike(rec.Attempts, before):
		return false, errDeposed
	}
	r.adopt(rec, rev)
	return written, nil
}

func (r *record) adopt(rec *task.Record, rev uint64) {
	r.rev = rev
	r.newest.Store(rec)
}

// read returns the newest revision, however long the engine takes to answer.
// A task that has expired from the stream is as good as deleted.
func (r *record) read(ctx context.Context) (*task.Record, uint64, error) {
	known := r.now()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		rec, rev, err := r.store.Lookup(ctx, known.Session, known.ID)
		switch {
		case err == nil:
			return rec, rev, nil
		case fault.KindOf(err) == fault.NotFound:
			return known.Tombstone(), 0, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, 0, err
		}
	}
}

// clone copies a record so that a refused change leaves the old one whole.
func clone(r *task.Record) *task.Record {
	c := *r
	c.Attempts = slices.Clone(r.Attempts)
	return &c
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
	if !tick.Wait(ctx, d) {
		return context.Cause(ctx)
	}
	return nil
}
