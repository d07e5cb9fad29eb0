package queue

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// patience bounds what a test waits for; it is reached only by failures.
const patience = 20 * time.Second

func openEngine(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// openOn opens a queue and runs it until the test ends.
func openOn(t testing.TB, e *engine.Engine, depth int64) *Queue {
	t.Helper()
	q, err := Open(t.Context(), e, depth, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = q.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return q
}

func openQueue(t testing.TB) *Queue {
	t.Helper()
	return openOn(t, openEngine(t), 0)
}

func newSession() task.SessionID { return task.SessionID(task.NewID()) }

func newJob(s task.SessionID) *task.Job {
	now := time.Now().UTC()
	return &task.Job{
		ID: task.ID(task.NewID()), Session: s, Network: "192.0.2.0/24", CreatedAt: now,
		Deadline: now.Add(time.Minute), ExpiresAt: now.Add(time.Hour), BodyHash: "hash", Fingerprint: "sha256:00",
	}
}

func submit(t testing.TB, q *Queue, j *task.Job) uint64 {
	t.Helper()
	seq, dup, err := q.Submit(t.Context(), j, string(j.ID))
	if err != nil || dup {
		t.Fatalf("submit: duplicate %v, err %v", dup, err)
	}
	return seq
}

// tale is one task's record and the way it moves on.
type tale struct {
	t   testing.TB
	q   *Queue
	rec *task.Record
	rev uint64
}

func begin(t testing.TB, q *Queue) *tale {
	t.Helper()
	j := newJob(newSession())
	submit(t, q, j)
	return &tale{t: t, q: q, rec: j.Accepted()}
}

// to writes the next revision.
func (s *tale) to(state task.State, e task.Event) {
	s.t.Helper()
	next := *s.rec
	if err := next.To(state, e); err != nil {
		s.t.Fatal(err)
	}
	rev, err := s.q.Write(context.Background(), &next, s.rev)
	if err != nil {
		s.t.Fatal(err)
	}
	s.rec, s.rev = &next, rev
}

// runTo writes progress until the record has a version.
func (s *tale) runTo(version uint64) {
	s.t.Helper()
	for s.rec.Version < version {
		s.to(task.Running, task.EventProgress)
	}
}

func (s *tale) follow(after uint64, resume bool) *Follower {
	s.t.Helper()
	f, err := s.q.Follow(s.t.Context(), s.rec.Session, s.rec.ID, after, resume)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(f.Close)
	return f
}

// watch is what a stream does with a follower: it returns the versions sent,
// the snapshot's apart, until the task ends, version `until` is there, or the
// follower is dropped.
func watch(t testing.TB, f *Follower, until uint64) (snapshot uint64, sent []uint64, dropped bool) {
	t.Helper()
	send := func(rs []*task.Record) bool {
		for _, r := range rs {
			sent = append(sent, r.Version)
			if r.State.Terminal() || r.Version == until {
				return true
			}
		}
		return false
	}
	if r := f.Snapshot(); r != nil {
		snapshot = r.Version
		if snapshot == until {
			return snapshot, sent, false
		}
	}
	if send(f.Pending()) {
		return snapshot, sent, false
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case r, open := <-f.C():
			if !open {
				return snapshot, sent, true
			}
			rs, err := f.Accept(context.Background(), r)
			if err != nil {
				t.Errorf("accept: %v", err)
				return snapshot, sent, false
			}
			if send(rs) {
				return snapshot, sent, false
			}
		case <-late.C:
			t.Errorf("nothing more after snapshot %d, %v", snapshot, sent)
			return snapshot, sent, false
		}
	}
}

// span lists first…last.
func span(first, last uint64) (out []uint64) {
	for v := first; v <= last; v++ {
		out = append(out, v)
	}
	return out
}

// eventually polls for what the engine does without telling.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // expiry and reconnection have no event
	}
}

// within returns the next value of c.
func within[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("never: %s", what)
		panic("unreachable")
	}
}
