package httpapi

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func (t *fakeTask) last() *task.Record { return t.revisions[len(t.revisions)-1] }

// publish makes the next revision of a task and tells its readers.
func (w *world) publish(id task.ID, change func(*task.Record)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.tasks[id]
	next := *t.last()
	change(&next)
	next.Version++
	t.revisions = append(t.revisions, &next)
	for _, f := range t.readers {
		if f.closed {
			continue
		}
		select {
		case f.c <- &next:
		default:
			f.closed = true
			close(f.c)
		}
	}
}

func progress(percent int) func(*task.Record) {
	return func(r *task.Record) {
		r.State, r.Event, r.Progress, r.Stage, r.Queue = task.Running, task.EventProgress, percent, task.StageGenerating, nil
	}
}

func succeed(r *task.Record) {
	now := time.Now()
	r.State, r.Event, r.Progress, r.Stage, r.FinishedAt = task.Succeeded, task.EventSucceeded, 100, task.StageDone, &now
	r.Result = &task.Result{ImageKey: string(r.Session) + "/tasks/" + string(r.ID) + "/1.jpg", ThumbnailKey: string(r.Session) + "/tasks/" + string(r.ID) + "/1.thumb.jpg", Width: 10, Height: 20, ContentType: "image/jpeg"}
}

func failTask(r *task.Record) {
	r.State, r.Event = task.Failed, task.EventFailed
	r.Failure = &task.Failure{Code: "generation_failed", Kind: "unavailable", Retryable: true}
}

// fakeFollower is the queue's reader, in memory.
type fakeFollower struct {
	w        *world
	t        *fakeTask
	c        chan *task.Record
	snapshot *task.Record
	pending  []*task.Record
	last     uint64
	closed   bool
}

func (w *world) follow(_ context.Context, s task.SessionID, id task.ID, after uint64, resume bool) (Follower, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.tasks[id]
	if t == nil || t.owner != s || t.last().Deleted {
		return nil, fault.New(fault.TaskNotFound)
	}
	now := t.last()
	f := &fakeFollower{w: w, t: t, c: make(chan *task.Record, 16), last: now.Version}
	switch {
	case !resume || after == 0 || after > now.Version:
		f.snapshot = now
		if now.State.Terminal() {
			f.pending = []*task.Record{now}
		}
	case after == now.Version && now.State.Terminal():
		return nil, io.EOF
	default:
		f.pending = slices.Clone(t.revisions[after:])
	}
	t.readers = append(t.readers, f)
	return f, nil
}

func (f *fakeFollower) Snapshot() *task.Record  { return f.snapshot }
func (f *fakeFollower) Pending() []*task.Record { return f.pending }
func (f *fakeFollower) C() <-chan *task.Record  { return f.c }
func (f *fakeFollower) Lost() <-chan struct{}   { return f.w.lost }
func (f *fakeFollower) Accept(_ context.Context, r *task.Record) ([]*task.Record, error) {
	if r.Deleted {
		return nil, io.EOF
	}
	if r.Version <= f.last {
		return nil, nil
	}
	if r.Version != f.last+1 {
		return nil, errors.New("gap")
	}
	f.last = r.Version
	return []*task.Record{r}, nil
}

func (f *fakeFollower) Close() {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.t.readers = slices.DeleteFunc(f.t.readers, func(o *fakeFollower) bool { return o == f })
}
