package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// priced makes every provider cost 20 fen.
func priced(c *routing.Config) {
	for i := range c.Providers {
		c.Providers[i].PriceFen = 20
	}
}

func unknownIs(u routing.Unknown, budget int64) func(*world) {
	return routed(func(c *routing.Config) { c.Unknown, c.DoublePayFenPerDay = u, budget })
}

func TestALostStreamIsAttachedTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	c.say(workerrpc.Update{Progress: 40})
	c.breaks(fault.WorkerLost)
	again := w.next()
	if !again.req.AttachOnly || again.req.Number != 1 || again.addr != c.addr {
		t.Errorf("then %+v to %s", again.req, again.addr)
	}
	again.breaks(fault.WorkerSilent) // as often as it takes
	again = w.next()
	again.say(workerrpc.Update{Progress: 60})
	again.ok()
	if end := last(w.finished(j)); end.State != task.Succeeded || len(end.Attempts) != 1 {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
}

func TestALostStreamEndsByItsManifest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	w.shelf.manifest(t, c, picture())
	c.breaks(fault.WorkerLost)
	if end := last(w.finished(j)); end.State != task.Succeeded || end.Result.Width != 4 {
		t.Errorf("end = %+v", end)
	}
	d.idle()
	w.quiet()
}

func TestAManifestOfSomethingElseIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	w.shelf.put(t, c.req.ManifestURL, []byte(`{"task":"other","number":1,"result":"ok"}`))
	c.breaks(fault.WorkerLost)
	again := w.next()
	w.shelf.put(t, c.req.ManifestURL, []byte(`{"task":`))
	again.breaks(fault.WorkerLost)
	w.next().ok()
	if end := last(w.finished(j)); end.State != task.Succeeded {
		t.Errorf("end = %s", end.State)
	}
	d.idle()
}

// gone plays a worker that died: nobody knows of the attempt. It returns the
// first call that is anything else.
func (w *world) gone(number int) *call {
	w.t.Helper()
	for {
		c := w.next()
		if c.req.Number != number || !c.req.AttachOnly {
			return c
		}
		c.breaks(fault.WorkerUnreachable)
	}
}

// goneUntil plays a dead worker until the task has ended.
func (w *world) goneUntil(j *task.Job) *task.Record {
	w.t.Helper()
	for end := time.After(patience); ; {
		select {
		case c := <-w.workers.calls:
			if !c.req.AttachOnly {
				w.t.Errorf("attempt %d was begun", c.req.Number)
			}
			c.breaks(fault.WorkerUnreachable)
		case id := <-w.books.each:
			if id == j.ID {
				return last(w.finished(j))
			}
		case <-end:
			w.t.Fatal("the task does not end")
		}
	}
}

func TestAFreeCallOfADeadWorkerIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 4, "a"), worker("w2", "", 4, "a")))
	d := w.start()
	j := w.accept()
	w.next().breaks(fault.WorkerLost)
	c := w.gone(1)
	if c.req.Number != 2 || c.addr != "w2:1" {
		t.Errorf("then attempt %d by %s", c.req.Number, c.addr)
	}
	c.ok()
	if got := outcomes(last(w.finished(j))); !slices.Equal(got, []string{"a unknown network", "a ok "}) {
		t.Errorf("attempts = %v", got)
	}
	d.idle()
}

func TestAPaidUnknownOutcomeFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownFail, 0))
	d := w.start()
	j := w.accept()
	w.next().breaks(fault.WorkerLost)
	start := time.Now()
	end := w.goneUntil(j)
	if end.State != task.Failed || end.Failure.Code != "provider_unknown" || len(end.Attempts) != 1 || end.Attempts[0].PriceFen != 20 {
		t.Errorf("end = %+v, attempts %+v", end.Failure, end.Attempts)
	}
	if took := time.Since(start); took < deadWait || took > deadWait+5*time.Second {
		t.Errorf("the dead worker had %v for its manifest", took)
	}
	d.idle()
}

func TestAPaidUnknownOutcomeIsWaitedForAsLongAsTheCallMayTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownWait, 0))
	d := w.start()
	j := w.accept()
	c := w.next()
	c.breaks(fault.WorkerLost)
	for end := time.Now().Add(deadWait + time.Second); time.Now().Before(end); {
		again := w.next()
		if !again.req.AttachOnly {
			t.Fatal("the call was made again")
		}
		again.breaks(fault.WorkerUnreachable)
	}
	w.shelf.manifest(t, c, picture()) // it comes back after all
	select {
	case again := <-w.workers.calls:
		again.breaks(fault.WorkerUnreachable)
	case <-w.books.each:
	}
	if end := last(w.finished(j)); end.State != task.Succeeded {
		t.Errorf("end = %s", end.State)
	}
	d.idle()
}

func TestWaitingForAnUnknownOutcomeEndsWithTheCallsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownWait, 0))
	j := w.accept()
	began := time.Now().UTC().Add(-time.Minute - callGrace + 2500*time.Millisecond) // 2.5 s are left
	w.edit(j, func(r *task.Record) {
		r.Attempts = []task.Attempt{{Number: 1, Provider: "a", Worker: "w1", Address: "w1:1", StartedAt: began, PriceFen: 20}}
		r.StartedAt = &began
		if err := r.To(task.Running, task.EventProgress); err != nil {
			t.Fatal(err)
		}
	})
	d := w.start()
	start := time.Now()
	end := w.goneUntil(j)
	if took := time.Since(start); took < 2*time.Second || took > 8*time.Second {
		t.Errorf("ended after %v", took)
	}
	if end.State != task.Failed || end.Failure.Code != "provider_unknown" {
		t.Errorf("end = %+v", end)
	}
	d.idle()
}

func TestPayingTwiceStaysWithinTheBudgetOfTheDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), routed(priced), unknownIs(routing.UnknownNext, 50), with(worker("w1", "", 4, "a", "b"), worker("w2", "", 4, "a", "b")))
	d := w.start()
	for range 2 { // 20 fen each
		j := w.accept()
		w.next().breaks(fault.WorkerLost)
		c := w.gone(1)
		if c.req.Number != 2 || c.req.Provider != "b" || c.addr != "w2:1" {
			t.Errorf("then attempt %d at %s by %s", c.req.Number, c.req.Provider, c.addr)
		}
		c.ok()
		if end := last(w.finished(j)); end.State != task.Succeeded {
			t.Errorf("end = %s", end.State)
		}
	}
	for len(w.books.each) > 0 {
		<-w.books.each
	}
	j := w.accept()
	w.next().breaks(fault.WorkerLost)
	if end := w.goneUntil(j); end.State != task.Failed || end.Failure.Code != "provider_unknown" {
		t.Errorf("the third went on past the budget: %s", end.State)
	}
	d.idle()
}

func TestATaskNeverCostsMoreThanItMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), unknownIs(routing.UnknownNext, 1000), with(worker("w1", "", 4, "a", "b")),
		func(w *world) {
			w.taskFen = 45
			w.routes.Providers[0].PriceFen, w.routes.Providers[1].PriceFen = 20, 30
		})
	d := w.start()
	j := w.accept()
	w.next().breaks(fault.WorkerLost)
	c := w.gone(1) // 20 may be paid: b is too dear, a is not
	if c.req.Number != 2 || c.req.Provider != "a" {
		t.Errorf("then attempt %d at %s", c.req.Number, c.req.Provider)
	}
	c.breaks(fault.WorkerLost)
	if end := w.goneUntil(j); end.State != task.Failed || end.Failure.Code != "provider_unknown" || len(end.Attempts) != 2 {
		t.Errorf("end = %+v after %v", end.Failure, outcomes(end))
	}
	d.stop()
	w.routes.Providers[0].PriceFen = 100
	d = w.start()
	w.accept()
	if c := w.next(); c.req.Provider != "b" {
		t.Errorf("%s was asked, which no task may pay for", c.req.Provider)
	} else {
		c.ok()
	}
	d.idle()
}

func TestAVendorsTaskIsResumedByAnotherWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownFail, 0), with(worker("w1", "", 4, "a"), worker("w2", "", 4, "a")))
	d := w.start()
	j := w.accept()
	c := w.next()
	c.say(workerrpc.Update{VendorTask: "v-1"})
	w.until(j, "the vendor's name is known", func(r *task.Record) bool { return r.Attempts[0].VendorTask == "v-1" })
	c.breaks(fault.WorkerLost)
	c = w.gone(1)
	if c.addr != "w2:1" || c.req.Number != 1 || c.req.VendorTask != "v-1" || c.req.AttachOnly {
		t.Fatalf("then %+v by %s", c.req, c.addr)
	}
	if a := w.record(j).Running(); a == nil || a.Worker != "w2" || a.Address != "w2:1" {
		t.Errorf("the record does not say who polls: %+v", a)
	}
	d.current.Load().look(func(b *board) {
		if b.slots.busy["w1"] != 0 || b.slots.busy["w2"] != 1 || b.slots.providers["a"] != 1 {
			t.Errorf("slots: %v, %v", b.slots.busy, b.slots.providers)
		}
	})
	c.breaks(fault.WorkerLost)
	c = w.next()
	if c.addr != "w2:1" || !c.req.AttachOnly {
		t.Errorf("a second loss: %+v by %s", c.req, c.addr)
	}
	c.ok()
	if end := last(w.finished(j)); end.State != task.Succeeded || len(end.Attempts) != 1 {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
}

// A worker that stops before a job is done says that it knows of no such call.
func TestAJobThatAStoppingWorkerLeavesIsResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownFail, 0), with(worker("w1", "", 4, "a"), worker("w2", "", 4, "a")))
	d := w.start()
	j := w.accept()
	c := w.next()
	c.say(workerrpc.Update{VendorTask: "v-1"})
	w.until(j, "the vendor's name is known", func(r *task.Record) bool { return r.Attempts[0].VendorTask == "v-1" })
	c.breaks("attempt_unknown")
	c = w.gone(1)
	if c.addr != "w2:1" || c.req.Number != 1 || c.req.VendorTask != "v-1" {
		t.Fatalf("then %+v by %s", c.req, c.addr)
	}
	c.ok()
	if end := last(w.finished(j)); end.State != task.Succeeded || !slices.Equal(outcomes(end), []string{"a ok "}) {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
}

func TestAPaidCallWaitsForAWorkerThatResumesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownFail, 0), with(worker("w1", "", 1, "a"), worker("w2", "", 1, "a")))
	d := w.start()
	lost := w.accept()
	c := w.next()
	other := w.accept()
	busy := w.next()
	waiting := w.accept()
	c.say(workerrpc.Update{VendorTask: "v-1"})
	w.until(lost, "the vendor's name is known", func(r *task.Record) bool { return r.Attempts[0].VendorTask == "v-1" })
	c.breaks(fault.WorkerLost)
	l := d.current.Load()
	go func() {
		for {
			moving := false
			l.look(func(b *board) { moving = len(b.asking) > 0 && b.asking[0].Move != nil })
			if moving {
				busy.ok()
				return
			}
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // nothing tells that a call waits
		}
	}()
	for range 2 { // the one that waits gets the seat that the lost call leaves
		c := w.gone(1)
		if resumed := c.req.Task == lost.ID; resumed != (c.addr == busy.addr) || resumed != (c.req.VendorTask == "v-1") {
			t.Errorf("then %+v by %s", c.req, c.addr)
		}
		c.ok()
	}
	for _, j := range []*task.Job{lost, other, waiting} {
		if end := last(w.finished(j)); end.State != task.Succeeded || len(end.Attempts) != 1 {
			t.Errorf("end = %s after %v", end.State, outcomes(end))
		}
	}
	d.idle()
}

func TestAWorkerTooFullToResumeDoesNotMakeTheCallUnsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownFail, 0), with(worker("w1", "", 4, "a"), worker("w2", "", 4, "a")), func(w *world) { w.config.Stall = 300 * time.Millisecond })
	d := w.start()
	j := w.accept()
	c := w.next()
	c.say(workerrpc.Update{VendorTask: "v-1"})
	w.until(j, "the vendor's name is known", func(r *task.Record) bool { return r.Attempts[0].VendorTask == "v-1" })
	c.breaks(fault.WorkerLost)
	w.gone(1).fails(task.NotSent, task.ClassBusy)
	end := w.goneUntil(j)
	if end.State != task.Failed || len(end.Attempts) != 1 || end.Attempts[0].Outcome != task.Unknown || end.Attempts[0].PriceFen != 20 {
		t.Errorf("end = %s after %+v, want one unknown attempt that may have been paid", end.State, end.Attempts)
	}
	d.idle()
}

func TestAFailedSettlementIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.books.refuse = 2
	d := w.start()
	j := w.accept()
	w.next().ok()
	w.finished(j)
	d.idle()
	if n := w.books.times[j.ID]; n != 3 {
		t.Errorf("settled %d times", n)
	}
	if n := d.count("tasks"); n != 1 {
		t.Errorf("counted %d times", n)
	}
	w.quiet()
}
