package dispatch

import (
	"bytes"
	"context"
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
		if err := w.reload(ctx); err != nil && err != errEnded {
			return err
		}
		if same(w.rec, next) { // it was written after all, only the answer was lost
			return nil
		}
	}
}

// reload reads the newest revision; errEnded when that is the last one.
func (w *walk) reload(ctx context.Context) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		rec, rev, err := w.Queue.Lookup(ctx, w.job.Session, w.job.ID)
		switch {
		case err == nil:
			w.rec, w.rev = rec, rev
			if w.ended() {
				return errEnded
			}
			return nil
		case fault.KindOf(err) == fault.NotFound:
			// Expired from the stream while we held it: nothing is left to say.
			w.rec = w.rec.Tombstone()
			return errEnded
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func same(a, b *task.Record) bool {
	x, errX := sonic.Marshal(a)
	y, errY := sonic.Marshal(b)
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
