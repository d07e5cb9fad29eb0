package dispatch

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

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
func TestARunThatFindsForeignAttemptsLetsGo(t *testing.T) {
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

func TestAStandbyTakesOverWhenTheLeaderVanishes(t *testing.T) {
	t.Parallel()
	w := newWorldListening(t)
	remote, err := engine.Open(t.Context(), engine.Config{URL: w.engine.ClientURL(), Token: secret.New("secret"), Replicas: 1, Interval: time.Minute})
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
	if _, err := d.lease.Put(t.Context(), leaderKey, []byte("somebody else"), engine.AnyRevision, 2*leaderRenew); err != nil {
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
	e, err := d.lease.Get(t.Context(), leaderKey)
	if err != nil {
		t.Fatal(err)
	}
	rev, err := d.lease.Put(t.Context(), leaderKey, e.Value, engine.AnyRevision, leaderTTL) // our own value, written unknown to us
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next renewal", func() bool {
		e, err := d.lease.Get(t.Context(), leaderKey)
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
