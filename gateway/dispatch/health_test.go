package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// touchy opens a breaker after two failures and for long.
func touchy(w *world) {
	w.config.Breaking = health.Breaking{Window: time.Minute, Least: 2, Share: 0.5, Sudden: 1, Open: time.Hour, Refuse: time.Hour, Most: time.Hour}
}

func TestAProviderWithAnOpenBreakerIsPassedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, still, touchy, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
	d := w.start()
	first := w.accept()
	w.next().fails(task.Rejected, task.ClassAuth)
	w.next().ok()
	w.finished(first)
	second := w.accept()
	c := w.next() // without waiting for a
	if c.req.Provider != "b" {
		t.Errorf("%s was asked", c.req.Provider)
	}
	c.ok()
	w.finished(second)
	d.idle()
}

func TestABreakerOpensForOneRegionOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, touchy, with(worker("e", "east", 4, "a"), worker("w", "west", 4, "a")))
	d := w.start()
	j := w.accept(func(j *task.Job) { j.Region = "east" })
	for range 2 {
		c := w.next()
		if c.addr != "e:1" {
			t.Fatalf("asked %s", c.addr)
		}
		c.fails(task.FailedUnbilled, task.ClassTransient)
	}
	c := w.next()
	if c.addr != "w:1" {
		t.Errorf("then asked %s", c.addr)
	}
	c.ok()
	w.finished(j)
	d.idle()
}

func TestEveryTaskIsTriedThoughAllBreakersAreOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, touchy, func(w *world) { w.config.Stall = 300 * time.Millisecond })
	d := w.start()
	first := w.accept()
	w.next().fails(task.Rejected, task.ClassQuota)
	w.finished(first)
	begun := time.Now()
	second := w.accept()
	c := w.next()
	if waited := time.Since(begun); waited < w.config.Stall {
		t.Errorf("tried after %v", waited)
	}
	c.ok()
	w.finished(second)
	d.idle()
}

func TestAHalfOpenBreakerLetsOneProbeThrough(t *testing.T) {
	t.Parallel()
	h, now := health.New(health.DefaultBreaking()), time.Unix(1000, 0)
	report := func(s *run.Slot, out workerrpc.Outcome) {
		h.Report(health.Call{Lane: lane(s), Begun: now, Probe: s.Probe, InFlight: 1}, out, now)
	}
	s := newSlots(h, billing.NewAccounts(), func() error { return nil })
	s.refresh([]fleet.Member{worker("w1", "", 9, "a")}, s.state)
	n := need{steps: []routing.Step{step("a")}}
	held := s.take(n, now)
	report(held, workerrpc.Outcome{Result: task.Rejected, Class: task.ClassAuth})
	s.release(held)
	if got := took(s.take(n, now)); got != "nothing" {
		t.Errorf("an open breaker gives %s", got)
	}
	now = now.Add(health.DefaultBreaking().Refuse)
	probe := s.take(n, now)
	if probe == nil || !probe.Probe || s.take(n, now) != nil {
		t.Fatalf("probe %+v", probe)
	}
	s.release(probe) // and never reported: the next may try
	if probe = s.take(n, now); probe == nil {
		t.Fatal("a probe that said nothing blocks the next")
	}
	report(probe, workerrpc.Outcome{Result: task.OK})
	s.release(probe)
	for range 2 {
		if got := took(s.take(n, now)); got != "w1 a" {
			t.Errorf("a closed breaker gives %s", got)
		}
	}
}

func TestALimitedRateCostsNoAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) { c.MaxAttempts = 1 }))
	d := w.start()
	j := w.accept()
	const after = 300 * time.Millisecond
	for range perProvider + 1 {
		w.next().outcome(workerrpc.Outcome{Result: task.Rejected, Class: task.ClassRate, RetryAfter: after.Milliseconds()})
	}
	begun := time.Now()
	other := w.accept() // what a vendor asked for holds for all
	c := w.next()
	if waited := time.Since(begun); waited < after-50*time.Millisecond {
		t.Errorf("asked again after %v", waited)
	}
	c.ok()
	w.next().ok()
	w.finished(other)
	if end := last(w.finished(j)); end.State != task.Succeeded || len(end.Attempts) != perProvider+2 {
		t.Errorf("%s after %v", end.State, outcomes(end))
	}
	d.idle()
}

func TestALimitedProviderIsNotWaitedForWhileThereIsAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, still, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
	d := w.start()
	j := w.accept()
	w.next().outcome(workerrpc.Outcome{Result: task.Rejected, Class: task.ClassRate, RetryAfter: 60_000})
	w.next().ok()
	if got := outcomes(last(w.finished(j))); !slices.Equal(got, []string{"a rejected rate", "b ok "}) {
		t.Errorf("attempts = %v", got)
	}
	other := w.accept()
	c := w.next() // without waiting for a
	if c.req.Provider != "b" {
		t.Errorf("%s was asked", c.req.Provider)
	}
	c.ok()
	w.finished(other)
	d.idle()
}

func TestEveryGatewayKnowsHowTheProvidersDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, touchy)
	leader, standby := w.start(), w.start()
	j := w.accept()
	w.next().fails(task.Rejected, task.ClassAuth)
	w.finished(j)
	eventually(t, "both tell of the breaker", func() bool {
		for _, d := range []*running{leader, standby} {
			s, ok := d.Status().Providers["a"]
			if !ok || s.Breakers[""] != health.Open || s.Success == nil || *s.Success != 0 {
				return false
			}
		}
		return true
	})
}
