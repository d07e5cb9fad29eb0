package dispatch

import (
	"math"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// spending is what the leader told of today.
func (t *told) spending() billing.Spending {
	s := billing.Spending{TotalFen: t.SpentFen, Providers: make(map[string]int64, len(t.Providers)), Campaigns: t.Campaigns}
	for name, p := range t.Providers {
		s.Providers[name] = p.SpentFen
	}
	return s
}

// crowdedRetry is when those may ask again who are refused for others that
// wait: some of these cost nothing in the end.
const crowdedRetry = time.Minute

// Payable refuses a task that is not accepted yet when the budgets of today,
// that of its campaign among them, or what one task may cost, leave nothing
// for anybody in its plan, or only what those will cost who wait already. The
// leader knows what is spent; other gateways go by what it told within the
// last second, and refuse nothing when it told nothing: the leader judges
// again when it places the task. A plan without steps waits for an operator,
// as ever.
func (d *Dispatcher) Payable(id task.ID, campaign string) error {
	now := time.Now()
	state, most := d.Policy(), d.mostFen()
	if len(state.Budgets) == 0 && state.Campaigns[campaign].DailyBudgetFen == 0 && most == math.MaxInt64 {
		return nil
	}
	steps, news := d.Router.Plan(id), d.news(now)
	affords := d.affords(state, news, now)
	code := billing.Lacking(campaign, func(campaign string) bool {
		return len(steps) == 0 || slices.ContainsFunc(steps, func(s routing.Step) bool {
			return s.PriceFen <= most && affords(s, campaign)
		})
	})
	if code != "" {
		midnight := shanghai.NextMidnight(now)
		f := fault.New(code).After(midnight.Sub(now))
		f.ResetsAt = midnight
		return f
	}
	if len(steps) > 0 && news != nil && news.Waiting > 0 && news.Waiting >= news.spending().CallsLeft(state.Budgets, steps, most) {
		return fault.New(fault.BudgetExhausted).After(crowdedRetry)
	}
	return nil
}

// news is what the leader told of late, and of today; nil when that is
// nothing.
func (d *Dispatcher) news(now time.Time) *told {
	t := d.told.Load()
	if t == nil || now.Sub(t.At) >= toldStale || shanghai.Day(t.At) != shanghai.Day(now) {
		return nil
	}
	return t
}

func (d *Dispatcher) affords(state *policy.State, news *told, now time.Time) func(routing.Step, string) bool {
	if l := d.current.Load(); l != nil {
		return func(s routing.Step, campaign string) bool { return l.accounts.Allows(state, s, campaign, now) }
	}
	if news == nil {
		return func(routing.Step, string) bool { return true }
	}
	spending := news.spending()
	return func(s routing.Step, campaign string) bool { return spending.Allows(state, s, campaign) }
}

// mostFen is what one task may cost.
func (d *Dispatcher) mostFen() int64 {
	if d.TaskFen == nil {
		return math.MaxInt64
	}
	if fen := d.TaskFen(); fen > 0 {
		return fen
	}
	return math.MaxInt64
}
