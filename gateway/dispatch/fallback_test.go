package dispatch

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// allow sets how tasks go on, as an operator does.
func (w *world) allow(f policy.Fallback) { w.policy.Store(&policy.State{Fallback: f}) }

// The run waits for its call by then, and would look at hedges never again.
func TestARunningCallIsHedgedOnceThatIsAllowed(t *testing.T) {
	t.Parallel()
	w := hedged(t, routed(func(c *routing.Config) { c.HedgeBudget = 0 }))
	d := w.start()
	j := w.accept()
	slow := w.next()
	w.until(j, "the notice", func(r *task.Record) bool { return r.Stage == task.StageSlow })
	all := 1.0
	w.allow(policy.Fallback{HedgeBudget: &all})
	w.second(j).ok()
	w.until(j, "the picture", func(r *task.Record) bool { return r.State == task.Succeeded })
	slow.ok()
	w.finished(j)
	d.idle()
}

func TestTheMockStandsInForATaskThatRanWhenItWasAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) {
		c.Providers = []routing.Provider{provider("a"), {Name: "m", Kind: "mock", Timeout: time.Minute}}
	}), with(worker("w1", "", 4, "a", "m")))
	d := w.start()
	j := w.accept()
	for range perProvider - 1 {
		w.next().fails(task.FailedUnbilled, task.ClassTransient)
	}
	yes := true
	last := w.next()
	w.allow(policy.Fallback{Mock: &yes})
	last.fails(task.FailedUnbilled, task.ClassTransient)
	c := w.next()
	if c.req.Provider != "m" {
		t.Fatalf("%s was asked", c.req.Provider)
	}
	c.ok()
	w.finished(j)
	d.idle()
}

// The worker of a paid call is gone, and the task waits for its manifest.
func TestATaskThatWaitsForAPaidCallGoesOnOnceASecondPaymentIsAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), routed(priced), unknownIs(routing.UnknownWait, 0), with(worker("w1", "", 4, "a", "b"), worker("w2", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	w.next().breaks(fault.WorkerLost)
	for end := time.Now().Add(deadWait + 500*time.Millisecond); time.Now().Before(end); {
		again := w.next()
		if !again.req.AttachOnly {
			t.Fatal("another call was made before that was allowed")
		}
		again.breaks(fault.WorkerUnreachable)
	}
	next, fen := string(routing.UnknownNext), int64(20)
	w.allow(policy.Fallback{Unknown: &next, DoublePayFenPerDay: &fen})
	c := w.gone(1)
	if c.req.Number != 2 || c.req.Provider != "b" {
		t.Fatalf("then attempt %d at %s", c.req.Number, c.req.Provider)
	}
	c.ok()
	w.finished(j)
	d.idle()
}
