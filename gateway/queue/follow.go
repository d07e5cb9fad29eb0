package queue

import (
	"context"
	"errors"
	"io"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Follower is one reader of a task's revisions: in order, without a gap and
// without a repeat. Send the snapshot if there is one, then Pending, then for
// each record from C whatever Accept returns for it.
type Follower struct {
	q        *Queue
	reader   *reader
	session  task.SessionID
	id       task.ID
	snapshot *task.Record
	pending  []*task.Record
	last     uint64 // version sent last
}

// Follow starts a reader. With resume it continues after version `after`.
// Without resume, or when that version is unknown or trimmed, it starts with a
// snapshot. It returns io.EOF when the client has seen the task's end, and
// fault.NotFound for a task that is not there.
func (q *Queue) Follow(ctx context.Context, s task.SessionID, id task.ID, after uint64, resume bool) (*Follower, error) {
	if !q.engine.Connected() {
		return nil, fault.New(fault.EngineUnavailable)
	}
	r, err := q.hub.subscribe(s, id)
	if err != nil {
		return nil, fault.Wrap(fault.EngineUnavailable, err)
	}
	f := &Follower{q: q, reader: r, session: s, id: id, last: after}
	if err := f.start(ctx, resume); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *Follower) start(ctx context.Context, resume bool) error {
	now, err := f.look(ctx)
	if err != nil {
		return err
	}
	if !resume || f.last == 0 || f.last > now.Version {
		f.startOver(now)
		return nil
	}
	if f.last == now.Version {
		if now.State.Terminal() {
			return io.EOF
		}
		return nil
	}
	missed, err := f.q.replay(ctx, f.session, f.id, f.last)
	if err != nil {
		return err
	}
	if len(missed) == 0 || missed[0].Version != f.last+1 {
		// Trimmed; or deleted since we looked, and then there is nothing to show.
		if now, err = f.look(ctx); err != nil {
			return err
		}
		f.startOver(now)
		return nil
	}
	f.advance(missed)
	f.pending = missed
	return nil
}

// look reads the task. One that was deleted is like one that never was.
func (f *Follower) look(ctx context.Context) (*task.Record, error) {
	now, _, err := f.q.Lookup(ctx, f.session, f.id)
	missing := err != nil && fault.KindOf(err) == fault.NotFound
	if missing || (err == nil && now.Deleted) {
		return nil, fault.New(fault.TaskNotFound)
	}
	return now, err
}

// startOver begins with a snapshot; a finished task's terminal event follows
// under the same id.
func (f *Follower) startOver(now *task.Record) {
	f.snapshot, f.last = now, now.Version
	if now.State.Terminal() {
		f.pending = []*task.Record{now}
	}
}

// Snapshot is the whole record to start with, nil after an exact resume.
func (f *Follower) Snapshot() *task.Record { return f.snapshot }

// Pending are the revisions to send before those from C.
func (f *Follower) Pending() []*task.Record { return f.pending }

// C delivers live revisions. It is closed when this reader was too slow or the
// gateway stops: end the stream, the client resumes. A loss of the engine does
// not close it; what was missed follows when the engine is back.
func (f *Follower) C() <-chan *task.Record { return f.reader.c }

// Accept turns a live revision into the revisions to send: none for one that
// was sent before, several when there was a gap.
func (f *Follower) Accept(ctx context.Context, r *task.Record) ([]*task.Record, error) {
	switch {
	case r.Deleted:
		return nil, io.EOF
	case r.Version <= f.last:
		return nil, nil
	case r.Version == f.last+1:
		f.last = r.Version
		return []*task.Record{r}, nil
	}
	missed, err := f.q.replay(ctx, f.session, f.id, f.last)
	if k := fault.KindOf(err); err != nil && (k == fault.Unavailable || k == fault.Timeout) {
		f.q.hub.doubtOne(f.reader) // the gap is filled when the engine answers again
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f.advance(missed)
	return missed, nil
}

// Lost is closed when the engine has not answered for a moment: what this reader
// knows may be old then.
func (f *Follower) Lost() <-chan struct{} { return f.q.pulse.Lost() }

func (f *Follower) advance(sent []*task.Record) {
	if n := len(sent); n > 0 {
		f.last = sent[n-1].Version
	}
}

// Close stops the reader.
func (f *Follower) Close() { f.q.hub.unsubscribe(f.reader) }

// replay reads the stored revisions newer than after, oldest first. A last one
// may be there twice, when its costs were completed later: the second counts.
func (q *Queue) replay(ctx context.Context, s task.SessionID, id task.ID, after uint64) ([]*task.Record, error) {
	var out []*task.Record
	for seq := uint64(1); ; {
		m, err := q.tasks.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(taskSubject(s, id)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return out, nil
		}
		if err != nil {
			return nil, engine.Classify(err)
		}
		r, err := decodeRecord(m.Data)
		if err != nil {
			return nil, err
		}
		switch n := len(out); {
		case r.Version <= after, r.Deleted:
		case n > 0 && out[n-1].Version == r.Version:
			out[n-1] = r
		default:
			out = append(out, r)
		}
		seq = m.Sequence + 1
	}
}
