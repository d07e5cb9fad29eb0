package dispatch

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

func TestATaskWalksFromAcceptToItsPicture(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	if c.addr != "w1:1" || c.req.Task != j.ID || c.req.Number != 1 || c.req.Provider != "a" || c.req.AttachOnly ||
		c.req.PhotoURL != "get:photo" || !strings.HasPrefix(c.req.ImageURL, "put:"+string(j.Session)+"/tasks/"+string(j.ID)+"/1") {
		t.Errorf("request = %+v to %s", c.req, c.addr)
	}
	started := w.record(j)
	if a := started.Running(); started.Version != 2 || a == nil || a.Worker != "w1" || a.Address != "w1:1" || started.Stage != task.StageStarting {
		t.Errorf("written before the call: %+v", started)
	}
	if s := d.Status(); !s.Leader || s.Running != 1 || s.InFlight["a"] != 1 {
		t.Errorf("status = %+v", s)
	}
	c.say(workerrpc.Update{})
	c.say(workerrpc.Update{Progress: 30, Stage: task.StageGenerating})
	w.until(j, "progress 30", func(r *task.Record) bool { return r.Progress == 30 && r.Stage == task.StageGenerating })
	c.say(workerrpc.Update{VendorTask: "v-7"})
	w.until(j, "the vendor's name is known", func(r *task.Record) bool { return r.Attempts[0].VendorTask == "v-7" })
	made := picture()
	made.ProviderMS = 1234
	c.outcome(made)
	rs := w.finished(j)
	want := []task.Event{task.EventQueued, task.EventProgress, task.EventProgress, task.EventProgress, task.EventSucceeded}
	if !slices.Equal(events(rs), want) {
		t.Errorf("events = %v", events(rs))
	}
	end := last(rs)
	if end.Result == nil || end.Result.Width != 4 || !strings.HasSuffix(end.Result.ImageKey, "/1.jpg") || end.Attempts[0].Outcome != task.OK || end.Attempts[0].VendorMS != 1234 {
		t.Errorf("end = %+v", end)
	}
	d.idle()
}

func TestProgressNeverFallsAndEndsAt99WithoutAPicture(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	c.say(workerrpc.Update{Progress: 100})
	w.until(j, "progress is capped", func(r *task.Record) bool { return r.Progress == 99 })
	c.fails(task.FailedUnbilled, task.ClassTransient)
	c = w.next()
	c.say(workerrpc.Update{Progress: 20, Stage: task.StageGenerating})
	w.until(j, "the second attempt goes on", func(r *task.Record) bool { return len(r.Attempts) == 2 && r.Stage == task.StageGenerating })
	c.ok()
	rs := w.finished(j)
	if got := outcomes(last(rs)); !slices.Equal(got, []string{"a failed_unbilled transient", "a ok "}) {
		t.Errorf("attempts = %v", got)
	}
	d.idle()
}

func TestAFailureThatMayPassIsTriedThreeTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	for range perProvider {
		w.next().fails(task.FailedUnbilled, task.ClassTransient)
	}
	end := last(w.finished(j))
	if end.State != task.Failed || end.Failure.Code != "generation_failed" || !end.Failure.Retryable || len(end.Attempts) != perProvider {
		t.Errorf("end = %+v, attempts %v", end.Failure, outcomes(end))
	}
	if a := last(w.finished(j)).Attempts[2]; a.Class != task.ClassTransient || a.Outcome != task.FailedUnbilled {
		t.Errorf("the last attempt's outcome is lost: %+v", a)
	}
	d.idle()
	w.quiet()
}

func TestContentRefusedEndsTheTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) { c.Providers = append(c.Providers, provider("b")) }),
		with(worker("w1", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	w.next().fails(task.Rejected, task.ClassContent)
	end := last(w.finished(j))
	if end.State != task.Failed || end.Failure.Code != "content_refused" || end.Failure.Retryable || len(end.Attempts) != 1 {
		t.Errorf("end = %+v, attempts %v", end.Failure, outcomes(end))
	}
	d.idle()
}

// two providers in a fixed order: b is only a fallback.
func aThenB(c *routing.Config) {
	b := provider("b")
	b.Weight = 0
	c.Providers = []routing.Provider{provider("a"), b}
}

func TestProvidersTakeTurnsAfterFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	var order []string
	for range 6 {
		c := w.next()
		order = append(order, c.req.Provider)
		c.fails(task.FailedUnbilled, task.ClassTransient)
	}
	w.finished(j)
	if want := []string{"a", "b", "a", "b", "a", "b"}; !slices.Equal(order, want) {
		t.Errorf("order = %v, want %v", order, want)
	}
	d.idle()
	w.quiet()
}

func TestTheNextProviderDoesNotWaitForWhatTheFirstAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	w.next().outcome(workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassRate, RetryAfter: 60_000})
	start := time.Now()
	c := w.next()
	if took := time.Since(start); c.req.Provider != "b" || took > 5*time.Second {
		t.Errorf("%s was asked after %v", c.req.Provider, took)
	}
	c.ok()
	w.finished(j)
	d.idle()
}

func TestAProviderThatAskedForRestGetsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	const rest = 900 * time.Millisecond
	w.next().outcome(workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassRate, RetryAfter: rest.Milliseconds()})
	start := time.Now()
	w.next().ok()
	if took := time.Since(start); took < rest-50*time.Millisecond {
		t.Errorf("asked again after %v", took)
	}
	w.finished(j)
	d.idle()
}

func TestHopelessProvidersAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, class := range []task.Class{task.ClassAuth, task.ClassQuota, task.ClassInput} {
		t.Run(string(class), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
			d := w.start()
			j := w.accept()
			w.next().fails(task.Rejected, class)
			for range perProvider {
				c := w.next()
				if c.req.Provider != "b" {
					t.Errorf("asked %s after %s", c.req.Provider, class)
				}
				c.fails(task.FailedUnbilled, task.ClassTransient)
			}
			if end := last(w.finished(j)); end.State != task.Failed {
				t.Errorf("end = %s", end.State)
			}
			d.idle()
		})
	}
}

func TestAStandInServesOnlyWhenRealModelsAreUsedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) {
		c.Mock = true
		a := provider("a")
		a.MaxConcurrent = 1
		c.Providers = []routing.Provider{a, {Name: "m", Kind: "mock", Weight: 100, Timeout: time.Minute}}
	}), with(worker("w1", "", 4, "a", "m")), func(w *world) { w.config.Spill = 0 })
	d := w.start()
	j := w.accept()
	for range perProvider {
		c := w.next()
		if c.req.Provider != "a" {
			t.Fatalf("asked %s", c.req.Provider)
		}
		c.fails(task.FailedUnbilled, task.ClassTransient)
	}
	c := w.next()
	if c.req.Provider != "m" {
		t.Fatalf("asked %s", c.req.Provider)
	}
	c.ok()
	rs := w.finished(j)
	degraded := 0
	for _, r := range rs {
		if r.Event == task.EventDegraded {
			degraded++
		}
	}
	if end := last(rs); !end.Degraded || degraded != 1 {
		t.Errorf("degraded %v, told %d times", end.Degraded, degraded)
	}

	// While a is only busy, nobody falls to the stand-in.
	w.accept()
	first := w.next()
	waits := w.accept()
	eventually(t, "it waits", func() bool { return d.Status().Waiting == 1 })
	first.ok()
	c = w.next()
	if c.req.Task != waits.ID || c.req.Provider != "a" {
		t.Errorf("%s was asked", c.req.Provider)
	}
	c.ok()
	w.finished(waits)
	d.idle()
}

func TestAFailedTaskDoesNotFallToTheStandInWhileItsModelIsBusy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) {
		c.Mock = true
		a := provider("a")
		a.MaxConcurrent = 1
		c.Providers = []routing.Provider{a, {Name: "m", Kind: "mock", Weight: 100, Timeout: time.Minute}}
	}), with(worker("w1", "", 4, "a", "m")))
	d := w.start()
	unlucky := w.accept()
	first := w.next()
	other := w.accept()
	eventually(t, "the other waits", func() bool { return d.Status().Waiting == 1 })
	first.fails(task.FailedUnbilled, task.ClassTransient)
	second := w.next() // while the unlucky one pauses, the other has its turn
	if second.req.Task != other.ID {
		t.Fatalf("attempt %d of %s", second.req.Number, second.req.Task)
	}
	eventually(t, "the unlucky one asks again", func() (asks bool) {
		d.current.Load().look(func(b *board) { asks = len(b.asking) == 1 })
		return asks
	})
	second.ok()
	third := w.next()
	if third.req.Provider != "a" || third.req.Task != unlucky.ID {
		t.Errorf("%s was asked", third.req.Provider)
	}
	third.ok()
	w.finished(unlucky)
	w.finished(other)
	d.idle()
}

func TestMaxAttemptsBoundsWhatReachesProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), routed(func(c *routing.Config) { c.MaxAttempts = 2 }), with(worker("w1", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	for range 2 {
		w.next().fails(task.FailedUnbilled, task.ClassTransient)
	}
	if end := last(w.finished(j)); end.State != task.Failed || len(end.Attempts) != 2 {
		t.Errorf("%s after %v", end.State, outcomes(end))
	}
	d.idle()
}

func TestABusyWorkerIsPassedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 4, "a"), worker("w2", "", 4, "a")))
	d := w.start()
	j := w.accept()
	c := w.next()
	if c.addr != "w1:1" {
		t.Fatalf("first %s", c.addr)
	}
	c.fails(task.NotSent, task.ClassBusy)
	start := time.Now()
	c = w.next()
	if took := time.Since(start); c.addr != "w2:1" || took > 2*time.Second {
		t.Errorf("then %s, after %v", c.addr, took)
	}
	c.breaks(fault.WorkerUnreachable) // and one that is not there is no failure either
	c = w.next()
	c.ok()
	end := last(w.finished(j))
	if got := outcomes(end); !slices.Equal(got, []string{"a not_sent busy", "a not_sent network", "a ok "}) {
		t.Errorf("attempts = %v", got)
	}
	if end.Attempts[0].PriceFen != 0 {
		t.Errorf("a price for what was not sent")
	}
	d.idle()
}

func TestAVendorOutOfReachIsTheProvidersFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	w.next().fails(task.NotSent, task.ClassNetwork)
	c := w.next()
	if c.req.Provider != "b" {
		t.Errorf("asked %s again", c.req.Provider)
	}
	c.ok()
	w.finished(j)
	d.idle()
}

func TestTasksThatNobodyTakesEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workers.script = func(c *call) (workerrpc.Outcome, error) {
		return workerrpc.Outcome{Task: c.req.Task, Number: c.req.Number, Result: task.NotSent, Class: task.ClassBusy}, nil
	}
	d := w.start()
	j := w.accept()
	eventually(t, "some attempts", func() bool { return len(w.record(j).Attempts) >= 4 })
	w.cancel(j)
	if end := last(w.finished(j)); end.State != task.Canceled {
		t.Errorf("end = %s", end.State)
	}
	d.idle()
}

func TestASlowCallIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) { c.NoticeAfter = 200 * time.Millisecond }))
	d := w.start()
	j := w.accept()
	c := w.next()
	w.until(j, "the notice", func(r *task.Record) bool { return r.Stage == task.StageSlow })
	c.say(workerrpc.Update{Progress: 50, Stage: task.StageGenerating})
	if r := w.until(j, "progress", func(r *task.Record) bool { return r.Progress == 50 }); r.Stage != task.StageSlow {
		t.Errorf("stage = %s", r.Stage)
	}
	c.ok()
	w.finished(j)
	d.idle()
}

func TestAQuickStreamOfUpdatesWritesFewRevisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	for p := range 99 {
		c.say(workerrpc.Update{Progress: p + 1})
	}
	c.ok()
	if rs := w.finished(j); len(rs) > 8 {
		t.Errorf("%d revisions", len(rs))
	}
	d.idle()
}
