package queue

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Somebody who repeats a request while its task ends must find the task at
// every moment, whichever of job and record is there.
func TestATaskIsKnownAtEveryMomentOfItsLife(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	leader := lead(t, q, 8)
	for range 50 {
		s := begin(t, q)
		owner, id := s.rec.Session, s.rec.ID
		stop, done := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				if _, _, err := q.Known(t.Context(), owner, id); err != nil {
					done <- err
					return
				}
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
			}
		}()
		lease := leader.next(t)
		s.to(task.Running, task.EventProgress)
		s.to(task.Succeeded, "")
		if err := lease.Ack(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the job is gone", func() bool { n, err := q.Backlog(t.Context()); return err == nil && n == 0 })
		close(stop)
		if err := <-done; err != nil {
			t.Fatalf("a task was not known: %v", err)
		}
	}
}

func TestWhatIsKnownIsWhatALookupFinds(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	if _, _, err := q.Known(t.Context(), newSession(), task.ID(task.NewID())); fault.KindOf(err) != fault.NotFound {
		t.Errorf("nobody: %v", err)
	}
	s := begin(t, q)
	if r, rev, err := q.Known(t.Context(), s.rec.Session, s.rec.ID); err != nil || rev != 0 || r.Version != 1 {
		t.Errorf("a job alone: %+v at %d, err %v", r, rev, err)
	}
	s.to(task.Running, task.EventProgress)
	if r, rev, err := q.Known(t.Context(), s.rec.Session, s.rec.ID); err != nil || rev != s.rev || r.State != task.Running {
		t.Errorf("a record and a job: %+v at %d, err %v", r, rev, err)
	}
	if _, err := q.Erase(t.Context(), s.rec.Session, s.rec.ID); err != nil {
		t.Fatal(err)
	}
	if r, _, err := q.Known(t.Context(), s.rec.Session, s.rec.ID); err != nil || !r.Deleted {
		t.Errorf("a tombstone: %+v, err %v", r, err)
	}
}

// BenchmarkMiss is what a new Idempotency-Key costs before anything is
// accepted.
func BenchmarkMiss(b *testing.B) {
	for name, find := range map[string]func(*Queue) error{
		"lookup": func(q *Queue) error {
			_, _, err := q.Lookup(b.Context(), newSession(), task.ID(task.NewID()))
			return err
		},
		"known": func(q *Queue) error {
			_, _, err := q.Known(b.Context(), newSession(), task.ID(task.NewID()))
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			q := benchQueue(b, false)
			b.ReportAllocs()
			produce(b, 64, func(int) error {
				if err := find(q); fault.KindOf(err) != fault.NotFound {
					return err
				}
				return nil
			})
		})
	}
}
