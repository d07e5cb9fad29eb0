package dispatch

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestATaskIsRefusedWhenNobodyMayBePaid(t *testing.T) {
	t.Parallel()
	stand := func(c *routing.Config) {
		c.Providers, c.Mock = append(c.Providers, routing.Provider{Name: "mock", Kind: "mock", Timeout: time.Minute}), true
	}
	off := map[string]policy.Provider{"a": {Disabled: true}, "b": {Disabled: true}}
	for name, c := range map[string]struct {
		budgets   map[string]int64
		providers map[string]policy.Provider
		taskFen   int64
		change    func(*routing.Config)
		refused   bool
	}{
		"no budgets":                       {},
		"room at one":                      {budgets: map[string]int64{"a": 0, "b": 30}},
		"room at none":                     {budgets: map[string]int64{"a": 19, "b": 29}, refused: true},
		"room at one that is off":          {budgets: map[string]int64{"a": 0}, providers: map[string]policy.Provider{"b": {Disabled: true}}, refused: true},
		"one without a budget":             {budgets: map[string]int64{"a": 0}},
		"the service has spent it":         {budgets: map[string]int64{policy.WholeService: 19}, refused: true},
		"the service may pay the cheapest": {budgets: map[string]int64{policy.WholeService: 20}},
		"a task may cost less":             {taskFen: 19, refused: true},
		"a task may cost as much":          {taskFen: 20},
		"the mock may stand in":            {budgets: map[string]int64{policy.WholeService: 0}, change: stand},
		"all are off, so it waits":         {budgets: map[string]int64{policy.WholeService: 0}, providers: off},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := budgeted(t, c.budgets, func(w *world) {
				w.taskFen = c.taskFen
				w.policy.Store(&policy.State{Budgets: c.budgets, Providers: c.providers})
				if c.change != nil {
					c.change(&w.routes)
				}
			})
			d := w.start()
			d.leads()
			err := d.Payable(task.ID(task.NewID()), "")
			if got := fault.CodeOf(err) == fault.BudgetExhausted; got != c.refused || (err != nil) != c.refused {
				t.Fatalf("payable: %v", err)
			}
			if !c.refused {
				return
			}
			f := fault.As(err)
			if f.Kind != fault.Unavailable || f.RetryAfter <= 0 || f.RetryAfter > 24*time.Hour || !f.ResetsAt.Equal(shanghai.Midnight(f.ResetsAt)) {
				t.Errorf("come back after %v, at %v", f.RetryAfter, f.ResetsAt)
			}
		})
	}
}

func TestEveryGatewayKnowsWhatIsSpent(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{"a": 20, "b": 0})
	leader := w.start()
	leader.leads()
	standby := w.start()
	id := task.ID(task.NewID())
	eventually(t, "the leader is heard", func() bool { return standby.last.Load() != nil })
	if err := standby.Payable(id, ""); err != nil {
		t.Errorf("refused with money left: %v", err)
	}
	j := w.accept()
	w.next().ok()
	w.finished(j)
	eventually(t, "both refuse", func() bool { return leader.Payable(id, "") != nil && standby.Payable(id, "") != nil })
	w.policy.Store(&policy.State{Budgets: map[string]int64{policy.WholeService: 39}})
	if leader.Payable(id, "") == nil || standby.Payable(id, "") == nil {
		t.Error("the service's budget pays for more than it is")
	}
	w.policy.Store(&policy.State{Budgets: map[string]int64{"a": 40, "b": 0}})
	if a, b := leader.Payable(id, ""), standby.Payable(id, ""); a != nil || b != nil {
		t.Errorf("a larger budget is not seen: %v, %v", a, b)
	}
}

// Those who wait already need what is left; the next one may come again when
// some of them have cost nothing.
func TestWhatIsLeftIsForThoseWhoWait(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{"a": 60, "b": 0}, with(worker("w1", "east", 1, "a")))
	d := w.start()
	d.leads()
	id := task.ID(task.NewID())
	first := w.accept()
	c := w.next()
	second := w.accept()
	eventually(t, "one waits", func() bool { n := d.last.Load(); return n != nil && n.Waiting == 1 })
	if err := d.Payable(id, ""); err != nil {
		t.Errorf("a third picture can be paid for: %v", err)
	}
	third := w.accept()
	eventually(t, "a fourth is refused", func() bool { return d.Payable(id, "") != nil })
	if f := fault.As(d.Payable(id, "")); f.Code != fault.BudgetExhausted || f.RetryAfter != crowdedRetry || !f.ResetsAt.IsZero() {
		t.Errorf("refused as %+v", f)
	}
	c.fails(task.FailedUnbilled, task.ClassInput) // not at a again
	for _, j := range []*task.Job{second, third} {
		w.next().ok()
		w.finished(j)
	}
	w.finished(first)
	eventually(t, "one fits again", func() bool { return d.Payable(id, "") == nil })
	d.idle()
}

// What nobody has told of late refuses nobody.
func TestOldNewsRefusesNothing(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{policy.WholeService: 20})
	d, err := New(t.Context(), w.config, Deps{
		Engine: w.engine, Queue: w.queue, Policy: w.policy.Load, Runs: run.Deps{Router: routing.New(w.routes, w.policy.Load)},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		told    *broadcast
		refused bool
	}{
		"nothing":   {},
		"of now":    {&broadcast{At: now, Known: Known{SpentFen: 20}}, true},
		"old":       {&broadcast{At: now.Add(-broadcastStale), Known: Known{SpentFen: 20}}, false},
		"yesterday": {&broadcast{At: shanghai.Midnight(now).Add(-time.Millisecond), Known: Known{SpentFen: 20}}, false},
		"old crowd": {&broadcast{At: now.Add(-broadcastStale), Waiting: 9}, false},
		"a crowd":   {&broadcast{At: now, Waiting: 1}, true},
	} {
		d.last.Store(c.told)
		if err := d.Payable("x", ""); (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}
