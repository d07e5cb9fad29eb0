package dispatch

import (
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// budgeted makes a cost 20 fen and b 30, within budgets.
func budgeted(t *testing.T, budgets map[string]int64, change ...func(*world)) *world {
	t.Helper()
	return newWorld(t, append([]func(*world){routed(aThenB), routed(func(c *routing.Config) {
		c.Providers[0].PriceFen, c.Providers[1].PriceFen = 20, 30
	}), with(worker("w1", "east", 8, "a", "b")), func(w *world) {
		w.policy.Store(&policy.State{Budgets: budgets})
	}}, change...)...)
}

// total sums a report up by provider.
func total(t *testing.T, d *running) map[string]operator.Sums {
	t.Helper()
	costs, err := d.Costs(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]operator.Sums{}
	for _, c := range costs {
		s := out[c.Provider]
		s.Add(c.Sums)
		out[c.Provider] = s
	}
	return out
}

func TestAProviderOverItsBudgetLeavesThePlan(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{"a": 45})
	d := w.start()
	for _, want := range []string{"a", "a", "b"} {
		j := w.accept()
		c := w.next()
		if c.req.Provider != want {
			t.Fatalf("%s was asked, want %s", c.req.Provider, want)
		}
		c.ok()
		w.finished(j)
	}
	d.idle()
	if s := d.Status().Providers["a"]; s.SpentFen != 40 {
		t.Errorf("spent %d fen", s.SpentFen)
	}
}

func TestWhatIsUnderWayCountsAndWhatWasNotBilledIsGivenBack(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{"a": 20})
	d := w.start()
	first, second := w.accept(), w.accept()
	c, other := w.next(), w.next()
	if c.req.Provider != "a" {
		c, other = other, c
	}
	if c.req.Provider != "a" || other.req.Provider != "b" {
		t.Fatalf("%s and %s were asked", c.req.Provider, other.req.Provider)
	}
	c.fails(task.FailedUnbilled, task.ClassInput) // not at a again
	w.next().ok()
	other.ok()
	w.finished(first)
	w.finished(second)
	third := w.accept()
	if c = w.next(); c.req.Provider != "a" {
		t.Errorf("%s was asked though nothing was billed", c.req.Provider)
	}
	c.fails(task.Unknown, task.ClassTimeout) // which may have been billed
	w.finished(third)
	d.idle()
	got := total(t, d)
	if want := (operator.Sums{Attempts: 2, Failed: 1, Unknown: 1, UnknownFen: 20, ReturnedFen: 20}); got["a"] != want {
		t.Errorf("a: %+v, want %+v", got["a"], want)
	}
	if want := (operator.Sums{Attempts: 2, OK: 2, ChargedFen: 60, Pictures: 2, PictureFen: 60}); got["b"] != want {
		t.Errorf("b: %+v, want %+v", got["b"], want)
	}
}

func TestATaskThatNoBudgetPaysForIsToldSo(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{policy.WholeService: 25})
	d := w.start()
	paid := w.accept()
	c := w.next()
	late := w.accept()
	if end := last(w.finished(late)); end.State != task.Failed || end.Failure.Code != "budget_exhausted" || len(end.Attempts) != 0 {
		t.Errorf("end = %s %+v", end.State, end.Failure)
	}
	c.ok()
	w.finished(paid)

	w.policy.Store(&policy.State{Budgets: map[string]int64{policy.WholeService: 1000}})
	j := w.accept()
	w.next().ok()
	w.finished(j)
	d.idle()
}

func TestATaskThatCostsTooMuchIsToldSo(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil, func(w *world) { w.taskFen = 10 })
	d := w.start()
	if end := last(w.finished(w.accept())); end.State != task.Failed || end.Failure.Code != "budget_exhausted" {
		t.Errorf("end = %s %+v", end.State, end.Failure)
	}
	d.idle()
}

func TestABudgetIsNeverOverspentByManyTasksAndTerms(t *testing.T) {
	t.Parallel()
	const budget, tasks = 200, 40
	w := budgeted(t, map[string]int64{"a": budget, "b": 0})
	var mu sync.Mutex
	paid := 0
	w.workers.script = func(c *call) (workerrpc.Outcome, error) {
		o := picture()
		if c.req.AttachOnly || c.req.Provider != "a" {
			o = workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassTransient}
		}
		o.Task, o.Number = c.req.Task, c.req.Number
		mu.Lock()
		defer mu.Unlock()
		if o.Result == task.OK {
			paid += 20
			w.shelf.manifest(t, c, o)
		}
		return o, nil
	}
	var jobs []*task.Job
	for range tasks {
		jobs = append(jobs, w.accept())
	}
	d := w.start()
	for n := range 4 { // terms that end in the middle
		eventually(t, "some are settled", func() bool { return len(w.books.each) > 3*n })
		d.stop()
		d = w.start()
	}
	for _, j := range jobs {
		w.finished(j)
	}
	d.idle()
	mu.Lock()
	defer mu.Unlock()
	if paid > budget {
		t.Errorf("%d fen were spent of %d", paid, budget)
	}
	if got := total(t, d)["a"]; got.ChargedFen != int64(paid) || got.OK != int64(paid/20) {
		t.Errorf("the ledger says %+v, %d fen were paid", got, paid)
	}
}

func TestCallsAreBookedByModel(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil, routed(func(c *routing.Config) { c.Providers[0].Model = "m1" }))
	d := w.start()
	j := w.accept()
	w.next().ok()
	w.finished(j)
	d.idle()
	costs, err := d.Costs(t.Context(), 1)
	if err != nil || len(costs) != 1 || costs[0].Model != "m1" || costs[0].ChargedFen != 20 {
		t.Errorf("costs = %+v, %v", costs, err)
	}
}

// Nothing else is booked after the last task before a quiet hour.
func TestTheLedgerForgetsWhoseTasksItBooked(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil)
	d := w.start()
	l := d.leads()
	j := w.accept()
	w.next().ok()
	w.finished(j)
	d.idle()
	eventually(t, "the task is not named any more", func() bool { return !l.deps.Runs.Accounts.Booked(j.ID) })
	if got := total(t, d)["a"]; got.ChargedFen != 20 {
		t.Errorf("the ledger says %+v", got)
	}
}

func TestADeletedTaskIsBookedToo(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil)
	d := w.start()
	j := w.accept()
	c := w.next()
	w.erase(j)
	within(t, w.workers.cancels, "the call is called off")
	c.ok()
	d.idle()
	if got := total(t, d)["a"]; got.OK != 1 || got.ChargedFen != 20 {
		t.Errorf("booked %+v", got)
	}
}

func TestCallsOfTheMockAreCountedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	w.accept()
	w.next().ok()
	d.idle()
	eventually(t, "it is in the report", func() bool { return total(t, d)["a"].OK == 1 })
}
