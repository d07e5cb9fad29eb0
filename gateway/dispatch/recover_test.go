package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/routing"
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
	c.breaks(workerrpc.CodeLost)
	again := w.next()
	if !again.req.AttachOnly || again.req.Number != 1 || again.addr != c.addr {
		t.Errorf("then %+v to %s", again.req, again.addr)
	}
	again.breaks(workerrpc.CodeSilent) // as often as it takes
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
	c.breaks(workerrpc.CodeLost)
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
	c.breaks(workerrpc.CodeLost)
	again := w.next()
	w.shelf.put(t, c.req.ManifestURL, []byte(`{"task":`))
	again.breaks(workerrpc.CodeLost)
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
		c.breaks(workerrpc.CodeUnreachable)
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
			c.breaks(workerrpc.CodeUnreachable)
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
	w.next().breaks(workerrpc.CodeLost)
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
	w.next().breaks(workerrpc.CodeLost)
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
	c.breaks(workerrpc.CodeLost)
	for end := time.Now().Add(deadWait + time.Second); time.Now().Before(end); {
		again := w.next()
		if !again.req.AttachOnly {
			t.Fatal("the call was made again")
		}
		again.breaks(workerrpc.CodeUnreachable)
	}
	w.shelf.manifest(t, c, picture()) // it comes back after all
	select {
	case again := <-w.workers.calls:
		again.breaks(workerrpc.CodeUnreachable)
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
		w.next().breaks(workerrpc.CodeLost)
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
	w.next().breaks(workerrpc.CodeLost)
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
	w.next().breaks(workerrpc.CodeLost)
	c := w.gone(1) // 20 may be paid: b is too dear, a is not
	if c.req.Number != 2 || c.req.Provider != "a" {
		t.Errorf("then attempt %d at %s", c.req.Number, c.req.Provider)
	}
	c.breaks(workerrpc.CodeLost)
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
	c.breaks(workerrpc.CodeLost)
	c = w.gone(1)
	if c.addr != "w2:1" || c.req.Number != 1 || c.req.VendorTask != "v-1" || c.req.AttachOnly {
		t.Fatalf("then %+v by %s", c.req, c.addr)
	}
	if a := w.record(j).Running(); a == nil || a.Worker != "w2" || a.Address != "w2:1" {
		t.Errorf("the record does not say who polls: %+v", a)
	}
	l := d.current.Load()
	l.mu.Lock()
	if l.slots.busy["w1"] != 0 || l.slots.busy["w2"] != 1 || l.slots.providers["a"] != 1 {
		t.Errorf("slots: %v, %v", l.slots.busy, l.slots.providers)
	}
	l.mu.Unlock()
	c.breaks(workerrpc.CodeLost)
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

func TestAWorkerTooFullToResumeDoesNotMakeTheCallUnsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), unknownIs(routing.UnknownFail, 0), with(worker("w1", "", 4, "a"), worker("w2", "", 4, "a")))
	d := w.start()
	j := w.accept()
	c := w.next()
	c.say(workerrpc.Update{VendorTask: "v-1"})
	w.until(j, "the vendor's name is known", func(r *task.Record) bool { return r.Attempts[0].VendorTask == "v-1" })
	c.breaks(workerrpc.CodeLost)
	w.gone(1).fails(task.NotSent, task.ClassBusy)
	end := w.goneUntil(j)
	if end.State != task.Failed || len(end.Attempts) != 1 || end.Attempts[0].Outcome != task.Unknown || end.Attempts[0].PriceFen != 20 {
		t.Errorf("end = %s after %+v, want one unknown attempt that may have been paid", end.State, end.Attempts)
	}
	d.idle()
}

func TestATakeOverAttachesAndNeverStartsACallAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), with(worker("w1", "", 8, "a")))
	first := w.start()
	first.leads()
	var jobs []*task.Job
	calls := make(map[task.ID]*call)
	for range 5 {
		jobs = append(jobs, w.accept())
	}
	for range jobs {
		c := w.next()
		calls[c.req.Task] = c
	}
	standby := w.start()
	start := time.Now()
	first.stop()
	if len(w.workers.cancels) != 0 {
		t.Error("a dispatcher that stops cancels calls")
	}
	for range jobs {
		c := w.next()
		if !c.req.AttachOnly || c.req.Number != 1 || c.addr != "w1:1" {
			t.Errorf("the next leader asks %+v", c.req)
		}
		c.ok()
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("a graceful hand-over took %v", took)
	}
	for _, j := range jobs {
		if end := last(w.finished(j)); end.State != task.Succeeded || len(end.Attempts) != 1 {
			t.Errorf("end = %s after %v", end.State, outcomes(end))
		}
	}
	standby.idle()
}

func TestATakeOverKeepsWhatIsKnownOfProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
	first := w.start()
	j := w.accept()
	w.next().fails(task.Rejected, task.ClassAuth)
	if c := w.next(); c.req.Provider != "b" {
		t.Fatalf("asked %s", c.req.Provider)
	}
	first.stop()
	second := w.start()
	c := w.next()
	c.fails(task.FailedUnbilled, task.ClassTransient)
	for range 2 {
		if c = w.next(); c.req.Provider != "b" {
			t.Errorf("asked %s, which had refused its key", c.req.Provider)
		}
		c.fails(task.FailedUnbilled, task.ClassTransient)
	}
	if end := last(w.finished(j)); end.State != task.Failed || len(end.Attempts) != 4 {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	second.idle()
}

func TestATakeOverBetweenTwoAttemptsGoesOnBeforeNewTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 1, "a")))
	first := w.start()
	j := w.accept()
	w.next().outcome(workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassRate, RetryAfter: 60_000})
	w.until(j, "it pauses", func(r *task.Record) bool { return r.Stage == task.StageRetrying })
	first.stop()
	w.accept()
	second := w.start()
	c := w.next()
	if c.req.Task == j.ID && c.req.Number != 2 {
		t.Errorf("attempt %d", c.req.Number)
	}
	c.ok()
	c = w.next()
	c.ok()
	rs := w.finished(j)
	if end := last(rs); end.State != task.Succeeded || len(end.Attempts) != 2 {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	second.idle()
}

// All calls of the term before hold their slots and tokens before anything
// new is placed, whatever the order in which jobs come back.
func TestATakeOverNeverExceedsAProvidersLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) { c.Providers[0].MaxConcurrent = 3 }), with(worker("w1", "", 100, "a")))
	var jobs []*task.Job
	for range 40 {
		jobs = append(jobs, w.accept())
	}
	for _, j := range jobs[37:] { // the last in the queue are those that run
		w.edit(j, func(r *task.Record) {
			now := time.Now().UTC()
			r.StartedAt = &now
			r.Attempts = []task.Attempt{{Number: 1, Provider: "a", Worker: "w1", Address: "w1:1", StartedAt: now}}
			if err := r.To(task.Running, task.EventProgress); err != nil {
				t.Fatal(err)
			}
		})
	}
	d := w.start()
	for range jobs {
		w.next().ok()
	}
	for _, j := range jobs {
		w.finished(j)
	}
	if w.workers.most["a"] > 3 {
		t.Errorf("%d calls at once, 3 are allowed", w.workers.most["a"])
	}
	d.idle()
}

// A dispatcher that lost the lead without knowing must not touch what its
// successor does.
func TestAWalkThatFindsForeignAttemptsLetsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(priced), with(worker("w1", "", 4, "a"), worker("w2", "", 4, "a")))
	d := w.start()
	j := w.accept()
	mine := w.next()
	w.edit(j, func(r *task.Record) { // another leader found our attempt failed and made the next
		now := time.Now().UTC()
		r.Attempts[0].Outcome, r.Attempts[0].EndedAt = task.FailedUnbilled, &now
		r.Attempts = append(r.Attempts, task.Attempt{Number: 2, Provider: "a", Worker: "w2", Address: "w2:1", StartedAt: now, PriceFen: 20})
		if err := r.To(task.Running, task.EventProgress); err != nil {
			t.Fatal(err)
		}
	})
	mine.fails(task.FailedUnbilled, task.ClassTransient)
	c := w.next() // the job returned, and was read again
	if !c.req.AttachOnly || c.req.Number != 2 || c.addr != "w2:1" {
		t.Fatalf("then %+v by %s", c.req, c.addr)
	}
	c.ok()
	if end := last(w.finished(j)); len(end.Attempts) != 2 || end.State != task.Succeeded {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	if len(w.workers.cancels) != 0 {
		t.Error("somebody else's call was canceled")
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
	if n := value(t, d.metrics.tasks.WithLabelValues("succeeded", "false")); n != 1 {
		t.Errorf("counted %d times", n)
	}
	w.quiet()
}

func TestAStandbyTakesOverWhenTheLeaderVanishes(t *testing.T) {
	t.Parallel()
	w := newWorldListening(t)
	remote, err := engine.Open(t.Context(), engine.Config{URL: w.engine.ClientURL(), Token: "secret", Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	first := w.startOn(remote, w.openQueue(remote))
	first.leads()
	j := w.accept()
	w.next()
	second := w.start()
	remote.Close() // as if the machine were gone: nothing is given up
	start := time.Now()
	c := w.next()
	if took := time.Since(start); took > 3*leaderTTL {
		t.Errorf("took over after %v", took)
	}
	if !c.req.AttachOnly {
		t.Error("the call was started again")
	}
	c.ok()
	if end := last(w.finished(j)); end.State != task.Succeeded {
		t.Errorf("end = %s", end.State)
	}
	second.idle()
	eventually(t, "the first notices", func() bool { return !first.Status().Leader })
}

func TestALostLeaseEndsTheTerm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	l := d.leads()
	if _, err := d.bucket.Put(t.Context(), leaderKey, []byte("somebody else"), engine.AnyRevision, time.Second); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it stands by", func() bool { return d.current.Load() != l })
	eventually(t, "and leads again when the other is gone", func() bool { n := d.current.Load(); return n != nil && n != l })
	j := w.accept()
	w.next().ok()
	w.finished(j)
	d.idle()
}

func TestALostAnswerToARenewalIsNoLoss(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	l := d.leads()
	e, err := d.bucket.Get(t.Context(), leaderKey)
	if err != nil {
		t.Fatal(err)
	}
	rev, err := d.bucket.Put(t.Context(), leaderKey, e.Value, engine.AnyRevision, leaderTTL) // our own value, written unknown to us
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next renewal", func() bool {
		e, err := d.bucket.Get(t.Context(), leaderKey)
		return err == nil && e.Revision > rev
	})
	if d.current.Load() != l {
		t.Error("the term ended")
	}
}

func TestOnlyOneLeads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ds := []*running{w.start(), w.start(), w.start()}
	for range 2 {
		leaders := func() (out []*running) {
			for _, d := range ds {
				if d.Status().Leader {
					out = append(out, d)
				}
			}
			return out
		}
		eventually(t, "one leads", func() bool { return len(leaders()) == 1 })
		leader := leaders()[0]
		j := w.accept()
		w.next().ok()
		w.finished(j)
		leader.stop()
	}
	eventually(t, "the last leads", func() bool { return ds[0].Status().Leader || ds[1].Status().Leader || ds[2].Status().Leader })
}
