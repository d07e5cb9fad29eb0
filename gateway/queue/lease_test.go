package queue

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// leader is a dispatcher's side of the queue.
type leader struct {
	leases    chan Lease
	recovered chan struct{}
	ended     chan error
	stop      context.CancelFunc
}

func lead(t testing.TB, q *Queue, window int) *leader {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &leader{leases: make(chan Lease, 4096), recovered: make(chan struct{}), ended: make(chan error, 1), stop: cancel}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		l.ended <- q.Lead(ctx, window, func(s Lease) { l.leases <- s }, func() { close(l.recovered) })
	}()
	t.Cleanup(func() { cancel(); <-stopped })
	return l
}

func (l *leader) next(t testing.TB) Lease {
	t.Helper()
	return within(t, l.leases, "a lease")
}

func TestLeasesComeInTheOrderOfAcceptance(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	old := begin(t, q)
	l := lead(t, q, 16)
	if s := l.next(t); s.Job.ID != old.rec.ID || !s.Old {
		t.Errorf("first lease = %s, old %v", s.Job.ID, s.Old)
	}
	within(t, l.recovered, "recovered")
	for range 5 {
		fresh := begin(t, q)
		if s := l.next(t); s.Job.ID != fresh.rec.ID || s.Old {
			t.Errorf("fresh lease = %s, old %v", s.Job.ID, s.Old)
		}
	}
}

func TestAnEmptyQueueIsRecoveredAtOnce(t *testing.T) {
	t.Parallel()
	l := lead(t, openQueue(t), 16)
	within(t, l.recovered, "recovered")
}

func TestTheWindowBoundsWhatIsOut(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	for range 5 {
		begin(t, q)
	}
	l := lead(t, q, 2)
	first := l.next(t)
	l.next(t)
	within(t, l.recovered, "recovered with a window full of old jobs")
	select {
	case s := <-l.leases:
		t.Fatalf("a third lease in a window of two: %d", s.Seq)
	default:
	}
	if err := first.Ack(); err != nil {
		t.Fatal(err)
	}
	if s := l.next(t); s.Seq != 3 {
		t.Errorf("after one was done came %d", s.Seq)
	}
}

func TestATakeOverBringsUnfinishedJobsBackAtOnce(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	first := lead(t, q, 16)
	within(t, first.recovered, "recovered")
	for range 3 {
		begin(t, q)
	}
	done := first.next(t)
	first.next(t)
	first.next(t)
	if err := done.Ack(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the ack counts", func() bool { n, _ := q.Backlog(t.Context()); return n == 2 })
	start := time.Now()
	second := lead(t, q, 16)
	for range 2 {
		if s := second.next(t); !s.Old || s.Seq == done.Seq {
			t.Errorf("lease %d, old %v", s.Seq, s.Old)
		}
	}
	within(t, second.recovered, "recovered")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("take-over took %v; a lease's time is %v", took, ackWait)
	}
	err := within(t, first.ended, "the first is deposed")
	if f := fault.As(err); f == nil || f.Kind != fault.Conflict || f.Code != fault.Deposed {
		t.Errorf("the first ended with %v", err)
	}
	begin(t, q)
	if s := second.next(t); s.Old {
		t.Error("a job accepted in this term is called old")
	}
}

// A dispatcher that was out of touch while it was deposed never hears of it.
// It must not go on with its successor's jobs.
func TestADeposedLeaderNeverSharesItsSuccessorsJobs(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stuck, reached := make(chan struct{}), make(chan struct{}, 1)
	var stolen []uint64
	ended := make(chan error, 1)
	begin(t, q)
	go func() {
		ended <- q.Lead(ctx, 1, func(s Lease) {
			stolen = append(stolen, s.Seq)
			reached <- struct{}{}
			<-stuck // in no pull while it is deposed
		}, func() {})
	}()
	within(t, reached, "the first leads")
	second := lead(t, q, 64)
	second.next(t)
	close(stuck)
	for range 20 {
		begin(t, q)
		second.next(t)
	}
	err := within(t, ended, "the first notices")
	if fault.KindOf(err) != fault.Conflict || len(stolen) != 1 {
		t.Errorf("ended with %v after leases %v", err, stolen)
	}
}

func TestAReturnedJobComesAgain(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	l := lead(t, q, 4)
	within(t, l.recovered, "recovered")
	s := begin(t, q)
	if err := l.next(t).Return(time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if again := l.next(t); again.Job.ID != s.rec.ID || !again.Old {
		t.Errorf("came again: %s, old %v", again.Job.ID, again.Old)
	}
}

func TestAnUnreadableJobIsSetAside(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	if _, err := q.js.PublishMsg(t.Context(), &nats.Msg{Subject: "job.x.y", Data: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	s := begin(t, q)
	l := lead(t, q, 4)
	if got := l.next(t); got.Job.ID != s.rec.ID {
		t.Errorf("leased %s", got.Job.ID)
	}
	within(t, l.recovered, "recovered")
	eventually(t, "it is gone", func() bool { n, _ := q.Backlog(t.Context()); return n == 1 })
}

func TestDrainedIsWhereNobodyWaits(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	drained := func() uint64 {
		n, err := q.Drained(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := drained(); n != 0 {
		t.Errorf("at the beginning: %d", n)
	}
	var jobs []*tale
	for range 3 {
		jobs = append(jobs, begin(t, q))
	}
	if n := drained(); n != 0 {
		t.Errorf("with three: %d", n)
	}
	l := lead(t, q, 4)
	for range jobs {
		if err := l.next(t).Ack(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all are done", func() bool { return drained() == 3 })
}

func TestLeadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := lead(t, openQueue(t), 4)
	within(t, l.recovered, "recovered")
	l.stop()
	if err := within(t, l.ended, "it ends"); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestIdsOfJobsAreSubjects(t *testing.T) {
	t.Parallel()
	if got := taskSubject("s", task.ID("i")); got != "t.s.i" {
		t.Error(got)
	}
	if got := jobSubject("s", task.ID("i")); got != "job.s.i" {
		t.Error(got)
	}
}
