package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// hedged has two paid providers and hedges whatever takes longer than 200 ms.
func hedged(t *testing.T, change ...func(*world)) *world {
	t.Helper()
	return newWorld(t, append([]func(*world){routed(aThenB), routed(func(c *routing.Config) {
		c.HedgeBudget, c.NoticeAfter = 1, 100*time.Millisecond
		c.Providers[0].PriceFen, c.Providers[1].PriceFen = 20, 30
	}), with(worker("w1", "", 4, "a", "b"))}, change...)...)
}

// fens lists what each attempt of a record cost.
func fens(r *task.Record) (out []int64) {
	for _, a := range r.Attempts {
		out = append(out, a.PriceFen)
	}
	return out
}

// second is the call that hedges a slow one.
func (w *world) second(j *task.Job) *call {
	w.t.Helper()
	c := w.next()
	r := w.record(j)
	if c.req.Number != 2 || c.req.Provider != "b" || c.req.AttachOnly || len(r.Attempts) != 2 || !r.Attempts[1].Hedge || r.Attempts[0].Outcome != "" {
		w.t.Fatalf("attempt %d at %s; the record has %+v", c.req.Number, c.req.Provider, r.Attempts)
	}
	return c
}

func TestAHedgeWinsAndTheLoserIsBookedByWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		out  workerrpc.Outcome
		want []string
		fen  []int64
	}{
		"paid":       {picture(), []string{"a ok ", "b ok "}, []int64{20, 30}},
		"called off": {workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassCanceled}, []string{"a failed_unbilled canceled", "b ok "}, []int64{0, 30}},
		"unknown":    {workerrpc.Outcome{Result: task.Unknown, Class: task.ClassCanceled}, []string{"a unknown canceled", "b ok "}, []int64{20, 30}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := hedged(t)
			d := w.start()
			j := w.accept()
			slow := w.next()
			slow.say(workerrpc.Update{Progress: 60, Stage: task.StageGenerating})
			quick := w.second(j)
			quick.say(workerrpc.Update{Progress: 10, Stage: task.StageStarting})
			quick.ok()
			end := w.until(j, "the picture", func(r *task.Record) bool { return r.State == task.Succeeded })
			if end.Attempts[0].Outcome != "" || end.Result.ImageKey != imageKey(end, 2) {
				t.Errorf("the end waited for the loser: %+v", end)
			}
			if k := within(t, w.workers.cancels, "the loser is called off"); k != (attemptKey{j.ID, 1}) {
				t.Errorf("called off %+v", k)
			}
			slow.outcome(c.out)
			rs := w.finished(j)
			if got := last(rs); !slices.Equal(outcomes(got), c.want) || !slices.Equal(fens(got), c.fen) || got.Version != end.Version {
				t.Errorf("%v, %v fen, version %d after %d", outcomes(got), fens(got), got.Version, end.Version)
			}
			d.idle()
			w.quiet()
		})
	}
}

func TestTheFirstCallMayStillWin(t *testing.T) {
	t.Parallel()
	w := hedged(t)
	d := w.start()
	j := w.accept()
	slow := w.next()
	other := w.second(j)
	slow.ok()
	within(t, w.workers.cancels, "the hedge is called off")
	other.fails(task.FailedUnbilled, task.ClassCanceled)
	end := last(w.finished(j))
	if end.State != task.Succeeded || end.Result.ImageKey != imageKey(end, 1) || !slices.Equal(fens(end), []int64{20, 0}) {
		t.Errorf("end = %+v, %v fen", end.Result, fens(end))
	}
	d.idle()
}

func TestAFailedHedgeLeavesTheFirstCallAlone(t *testing.T) {
	t.Parallel()
	w := hedged(t)
	d := w.start()
	j := w.accept()
	slow := w.next()
	w.second(j).fails(task.FailedUnbilled, task.ClassTransient)
	w.until(j, "the hedge is booked", func(r *task.Record) bool {
		return len(r.Attempts) == 2 && r.Attempts[1].Outcome != ""
	})
	slow.ok()
	if end := last(w.finished(j)); !slices.Equal(outcomes(end), []string{"a ok ", "b failed_unbilled transient"}) {
		t.Errorf("attempts = %v", outcomes(end))
	}
	d.idle()
	w.quiet()
}

func TestAnUnknownCallBesideAHedgeStillStopsTheTask(t *testing.T) {
	t.Parallel()
	w := hedged(t)
	d := w.start()
	j := w.accept()
	slow := w.next()
	other := w.second(j)
	slow.fails(task.Unknown, task.ClassTimeout)
	w.until(j, "the first is booked", func(r *task.Record) bool { return len(r.Attempts) == 2 && r.Attempts[0].Outcome != "" })
	other.fails(task.FailedUnbilled, task.ClassTransient)
	end := last(w.finished(j))
	if end.State != task.Failed || end.Failure.Code != "provider_unknown" || len(end.Attempts) != 2 {
		t.Errorf("end = %+v, attempts %v", end.Failure, outcomes(end))
	}
	d.idle()
	w.quiet()
}

func TestACancelReachesBothCalls(t *testing.T) {
	t.Parallel()
	w := hedged(t)
	d := w.start()
	j := w.accept()
	calls := []*call{w.next()}
	calls = append(calls, w.second(j))
	w.cancel(j)
	for range 2 {
		k := within(t, w.workers.cancels, "a cancel")
		calls[k.number-1].fails(task.FailedUnbilled, task.ClassCanceled)
	}
	if end := last(w.finished(j)); end.State != task.Canceled || !slices.Equal(fens(end), []int64{0, 0}) {
		t.Errorf("%s, %v fen", end.State, fens(end))
	}
	d.idle()
}

func TestADeletedTaskWaitsForBothCalls(t *testing.T) {
	t.Parallel()
	w := hedged(t)
	d := w.start()
	j := w.accept()
	calls := []*call{w.next()}
	calls = append(calls, w.second(j))
	w.erase(j)
	for range 2 {
		k := within(t, w.workers.cancels, "a cancel")
		calls[k.number-1].ok()
	}
	d.idle()
	if r := w.record(j); !r.Deleted || r.Result != nil {
		t.Errorf("resurrected: %+v", r)
	}
}

func TestATakeOverFindsBothCalls(t *testing.T) {
	t.Parallel()
	for name, ended := range map[string]bool{"both under way": false, "one has won": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := hedged(t)
			d := w.start()
			j := w.accept()
			slow := w.next()
			quick := w.second(j)
			if ended {
				quick.ok()
				w.until(j, "the picture", func(r *task.Record) bool { return r.State == task.Succeeded })
			}
			d.stop()
			next := w.start()
			found := map[int]*call{}
			for range map[bool]int{false: 2, true: 1}[ended] {
				c := w.next()
				if !c.req.AttachOnly {
					t.Errorf("attempt %d is started again", c.req.Number)
				}
				found[c.req.Number] = c
			}
			if s := next.Status(); s.InFlight["a"] != 1 {
				t.Errorf("in flight: %v", s.InFlight)
			}
			if !ended {
				found[2].ok()
			}
			if k := within(t, w.workers.cancels, "the loser is called off"); k.number != 1 {
				t.Errorf("called off attempt %d", k.number)
			}
			found[1].ok()
			if end := last(w.finished(j)); !slices.Equal(outcomes(end), []string{"a ok ", "b ok "}) || end.Result.ImageKey != imageKey(end, 2) {
				t.Errorf("attempts = %v, picture %s", outcomes(end), end.Result.ImageKey)
			}
			_ = slow
			next.idle()
			w.quiet()
		})
	}
}

func TestNobodyIsHedgedWithoutBudgetOrMoney(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world){
		"off":             routed(func(c *routing.Config) { c.HedgeBudget = 0 }),
		"few attempts":    routed(func(c *routing.Config) { c.HedgeBudget = 0.4 }),
		"dear":            func(w *world) { w.taskFen = 40 },
		"only a stand-in": routed(func(c *routing.Config) { c.Mock, c.Providers[1].Kind = true, "mock" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := hedged(t, change)
			d := w.start()
			j := w.accept()
			c := w.next()
			w.until(j, "the notice", func(r *task.Record) bool { return r.Stage == task.StageSlow })
			select {
			case c := <-w.workers.calls:
				t.Errorf("attempt %d at %s", c.req.Number, c.req.Provider)
			case <-time.After(300 * time.Millisecond):
			}
			c.ok()
			w.finished(j)
			d.idle()
		})
	}
}

func TestOneThatIsUsuallySlowerIsNoHedge(t *testing.T) {
	t.Parallel()
	w := hedged(t, routed(func(c *routing.Config) {
		c.Providers = append(c.Providers, routing.Provider{Name: "c", Timeout: time.Minute})
	}), with(worker("w1", "", 4, "a", "b", "c")))
	d := w.start()
	d.leads().look(func(b *board) {
		for range 20 {
			b.health.Report(health.Call{Lane: health.Lane{Provider: "b"}}, workerrpc.Outcome{Result: task.OK, ProviderMS: 60_000}, time.Now())
		}
	})
	j := w.accept()
	slow := w.next()
	c := w.next()
	if c.req.Provider != "c" {
		t.Errorf("the hedge went to %s, which takes a minute", c.req.Provider)
	}
	c.ok()
	w.until(j, "the hedge has won", func(r *task.Record) bool { return r.State == task.Succeeded })
	slow.ok()
	w.finished(j)
	d.idle()
}
