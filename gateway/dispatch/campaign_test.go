package dispatch

import (
	"maps"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// granted lets the campaign expo cost so much a day.
func granted(fen int64) map[string]policy.Campaign {
	return map[string]policy.Campaign{"expo": {DailyBudgetFen: fen}}
}

func ofExpo(j *task.Job) { j.Campaign = "expo" }

func TestACampaignWithoutMoneyLeavesTheTasksOfOthersAlone(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil)
	w.policy.Store(&policy.State{Campaigns: granted(45)})
	d := w.start()
	for range 2 {
		j := w.accept(ofExpo)
		w.next().ok()
		w.finished(j)
	}
	if end := last(w.finished(w.accept(ofExpo))); end.State != task.Failed || end.Failure.Code != "campaign_spent" || len(end.Attempts) != 0 {
		t.Errorf("end = %s %+v", end.State, end.Failure)
	}
	j := w.accept()
	w.next().ok()
	w.finished(j)
	d.idle()
	if got := d.Status().Campaigns; !maps.Equal(got, map[string]int64{"expo": 40}) {
		t.Errorf("spent %v, want 40 for the campaign and nothing for others", got)
	}
}

func TestWhatACampaignSpendsIsEverybodysToo(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil)
	w.policy.Store(&policy.State{Campaigns: granted(1000), Budgets: map[string]int64{policy.WholeService: 20}})
	d := w.start()
	j := w.accept(ofExpo)
	w.next().ok()
	w.finished(j)
	if end := last(w.finished(w.accept(ofExpo))); end.State != task.Failed || end.Failure.Code != "budget_exhausted" {
		t.Errorf("end = %s %+v", end.State, end.Failure)
	}
	d.idle()
}

func TestATaskOfACampaignWithoutMoneyIsRefusedOnEveryGateway(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil)
	w.policy.Store(&policy.State{Campaigns: granted(20)})
	leader := w.start()
	leader.leads()
	standby := w.start()
	eventually(t, "the leader is heard", func() bool { return standby.last.Load() != nil })
	if a, b := leader.Payable("x", "expo"), standby.Payable("x", "expo"); a != nil || b != nil {
		t.Errorf("refused with money left: %v, %v", a, b)
	}
	j := w.accept(ofExpo)
	w.next().ok()
	w.finished(j)
	eventually(t, "both refuse", func() bool { return leader.Payable("x", "expo") != nil && standby.Payable("x", "expo") != nil })
	for _, d := range []*running{leader, standby} {
		f := fault.As(d.Payable("x", "expo"))
		if f.Kind != fault.Unavailable || f.Code != fault.CampaignSpent || f.RetryAfter <= 0 || !f.ResetsAt.Equal(shanghai.Midnight(f.ResetsAt)) {
			t.Errorf("refusal = %v, come back after %v at %v", f, f.RetryAfter, f.ResetsAt)
		}
		if err := d.Payable("x", ""); err != nil {
			t.Errorf("others are refused: %v", err)
		}
	}
}

func TestTheBudgetOfACampaignIsNeverOverspentByManyTasksAndTerms(t *testing.T) {
	t.Parallel()
	const budget, tasks = 200, 40
	w := budgeted(t, map[string]int64{"b": 0})
	w.policy.Store(&policy.State{Campaigns: granted(budget), Budgets: map[string]int64{"b": 0}})
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
		jobs = append(jobs, w.accept(ofExpo))
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
	if got := d.Status().Campaigns["expo"]; got != int64(paid) {
		t.Errorf("the ledger says %d, %d fen were paid", got, paid)
	}
}
