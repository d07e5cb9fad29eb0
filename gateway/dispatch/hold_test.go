package dispatch

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// depot is a store that takes pictures or does not.
type depot struct{ trouble atomic.Pointer[fault.Fault] }

func (d *depot) accepts() error {
	if f := d.trouble.Load(); f != nil {
		return f
	}
	return nil
}

func storedIn(d *depot) func(*world) { return func(w *world) { w.store = d.accepts } }

// holds waits until the dispatcher says why it holds.
func (r *running) holds(want fault.Code) {
	r.w.t.Helper()
	eventually(r.w.t, "it says why it holds: "+string(want), func() bool { return r.Status().Hold == want })
}

func TestNothingIsSentWhileTheStoreTakesNoPictures(t *testing.T) {
	t.Parallel()
	for _, code := range []fault.Code{fault.StorageFull, fault.StorageUnavailable} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			d := new(depot)
			d.trouble.Store(fault.New(code))
			w := newWorld(t, storedIn(d))
			r := w.start()
			l := r.leads()
			jobs := []*task.Job{w.accept(), w.accept()}
			eventually(t, "they wait", func() (waiting bool) {
				l.look(func(b *board) { waiting = b.waiting.Len() == len(jobs) })
				return waiting
			})
			r.holds(code)
			passes(t)
			w.quiet()
			d.trouble.Store(nil)
			for range jobs {
				w.next().ok()
			}
			for _, j := range jobs {
				if end := last(w.finished(j)); end.State != task.Succeeded || len(end.Attempts) != 1 {
					t.Errorf("end = %s after %v", end.State, outcomes(end))
				}
			}
			r.holds("")
			r.idle()
		})
	}
}

// passes lets the dispatcher look twice more for slots.
func passes(t *testing.T) {
	t.Helper()
	within(t, time.After(3*tickEvery), "two looks")
}

func TestATaskThatIsHeldEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	d := new(depot)
	d.trouble.Store(fault.New(fault.StorageUnavailable))
	w := newWorld(t, storedIn(d))
	r := w.start()
	j := w.accept(func(j *task.Job) { j.Deadline = j.CreatedAt.Add(2 * time.Second) })
	if end := last(w.finished(j)); end.State != task.Expired || len(end.Attempts) != 0 {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	w.quiet()
	r.idle()
}

// A task that was sent before the store went away gets no second call, neither
// after a failure nor as a hedge.
func TestATaskUnderWayIsHeldToo(t *testing.T) {
	t.Parallel()
	d := new(depot)
	w := newWorld(t, storedIn(d), routed(aThenB), with(worker("w1", "", 4, "a", "b")), routed(func(c *routing.Config) {
		c.NoticeAfter, c.HedgeBudget = 50*time.Millisecond, 1
	}))
	r := w.start()
	j := w.accept()
	c := w.next()
	d.trouble.Store(fault.New(fault.StorageUnavailable))
	passes(t)
	w.quiet()
	c.fails(task.FailedUnbilled, task.ClassTransient)
	passes(t)
	w.quiet()
	d.trouble.Store(nil)
	w.next().ok()
	if end := last(w.finished(j)); end.State != task.Succeeded || len(end.Attempts) != 2 {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	r.idle()
}
