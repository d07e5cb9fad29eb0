package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// holding is a worker that has the pictures of these attempts in its spool.
func holding(m fleet.Member, spooled ...string) fleet.Member {
	m.Spooled = spooled
	return m
}

// kept has a call say where its picture is, and waits until that is written.
func (w *world) kept(j *task.Job, c *call, where task.Kept) {
	w.t.Helper()
	c.say(workerrpc.Update{Stage: task.StageFinishing, Kept: where})
	w.until(j, "it is written that the picture is made", func(r *task.Record) bool { return len(r.Attempts) > 0 && r.Attempts[0].Kept == where })
}

// deadFor plays a dead worker until enough is true, and fails when anything is
// begun meanwhile.
func (w *world) deadFor(enough func() bool) {
	w.t.Helper()
	for end := time.After(patience); !enough(); {
		select {
		case c := <-w.workers.calls:
			if !c.req.AttachOnly {
				w.t.Errorf("attempt %d was begun", c.req.Number)
			}
			c.breaks(fault.WorkerUnreachable)
		case <-end:
			w.t.Fatal("never")
		}
	}
}

func since(d time.Duration) func() bool {
	begun := time.Now()
	return func() bool { return time.Since(begun) > d }
}

// A worker dies with a picture that is paid for in its spool. Paying again is
// allowed, and yet the next worker at the spool is waited for.
func TestThePictureInASpoolIsWaitedForAndNotPaidForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), routed(priced), unknownIs(routing.UnknownNext, 1000), with(worker("w1", "", 4, "a", "b"), worker("w2", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	c := w.next()
	if until := time.Until(j.Deadline); c.req.StoreWithin <= 0 || c.req.StoreWithin > until+time.Minute || c.req.StoreWithin < until-time.Minute {
		t.Errorf("the picture is wanted for %v, the task ends in %v", c.req.StoreWithin, until)
	}
	w.kept(j, c, task.KeptSpool)
	c.breaks(fault.WorkerLost)
	w.deadFor(since(deadWait + time.Second))
	w.crowd.set(worker("w2", "", 4, "a", "b"), holding(worker("w3", "", 0, "a"), workerrpc.SpoolName(j.ID, 1)))
	again := w.next()
	for again.addr != "w3:1" {
		again.breaks(fault.WorkerUnreachable)
		again = w.next()
	}
	if !again.req.AttachOnly || again.req.Number != 1 {
		t.Errorf("it is asked %+v", again.req)
	}
	again.ok()
	end := last(w.finished(j))
	if got := outcomes(end); end.State != task.Succeeded || !slices.Equal(got, []string{"a ok "}) || end.Attempts[0].Worker != "w3" {
		t.Errorf("end = %s after %v at %s", end.State, got, end.Attempts[0].Worker)
	}
	d.idle()
}

func TestAPictureThatDoesNotComeBackIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kept task.Kept
		pass time.Duration
	}{"in the spool": {task.KeptSpool, 31 * time.Second}, "in memory": {task.KeptMemory, 2 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, still, routed(aThenB), routed(priced), unknownIs(routing.UnknownNext, 1000), with(worker("w1", "", 4, "a", "b"), worker("w2", "", 4, "a", "b")))
			d := w.start()
			j := w.accept()
			lost := w.next()
			w.kept(j, lost, c.kept)
			lost.breaks(fault.WorkerLost)
			w.deadFor(since(2 * time.Second))
			w.clock.pass(c.pass)
			next := w.gone(1)
			if next.req.Number != 2 || next.addr != "w2:1" {
				t.Errorf("then attempt %d by %s", next.req.Number, next.addr)
			}
			next.ok()
			if got := outcomes(last(w.finished(j))); !slices.Equal(got, []string{"a unknown network", "b ok "}) {
				t.Errorf("attempts = %v", got)
			}
			d.idle()
		})
	}
}

// The time of the call is over; that of the task is not, and the picture is
// made. The leader that takes over waits for the store as the one before did.
func TestAMadePictureHasTheTimeOfItsTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownFail, 0))
	j := w.accept()
	began := time.Now().UTC().Add(-2*time.Minute - callGrace)
	w.edit(j, func(r *task.Record) {
		r.Attempts = []task.Attempt{{Number: 1, Provider: "a", Worker: "w1", Address: "w1:1", StartedAt: began, PriceFen: 20, Kept: task.KeptMemory}}
		r.StartedAt = &began
		if err := r.To(task.Running, task.EventProgress); err != nil {
			t.Fatal(err)
		}
	})
	d := w.start()
	for range 3 {
		w.next().breaks(fault.WorkerSilent)
	}
	w.next().ok()
	if end := last(w.finished(j)); end.State != task.Succeeded {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
}

func TestAMadePictureIsNotHedged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), with(worker("w1", "", 4, "a", "b")), routed(func(c *routing.Config) {
		c.NoticeAfter, c.HedgeBudget = time.Second, 1
	}))
	d := w.start()
	j := w.accept()
	c := w.next()
	w.kept(j, c, task.KeptMemory)
	passes(t)
	within(t, time.After(time.Second), "it is slow")
	w.quiet()
	c.ok()
	w.finished(j)
	d.idle()
}

func TestAPictureWhoseTaskHasEndedLeavesTheSpool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	l := d.leads()
	j := w.accept()
	c := w.next()
	ended := task.ID(task.NewID())
	w.crowd.set(worker("w1", "", 4, "a"), holding(worker("w2", "", 4, "a"), workerrpc.SpoolName(j.ID, 1), workerrpc.SpoolName(ended, 2), "nonsense"))
	eventually(t, "it is seen", func() bool { return len(l.sched.orphans()) > 0 })
	seen, now := make(orphans), time.Now()
	if due := seen.due(now, l.sched.orphans()); len(due) != 0 {
		t.Errorf("at once: %v", due)
	}
	if due := seen.due(now.Add(disownAfter), l.sched.orphans()); !slices.Equal(due, []orphan{{"w2:1", ended, 2}}) {
		t.Errorf("then: %v", due)
	}
	if due := seen.due(now.Add(2*disownAfter), nil); len(due) != 0 || len(seen) != 0 {
		t.Errorf("when it is gone: %v, %v", due, seen)
	}
	c.ok()
	w.finished(j)
	d.idle()
}
