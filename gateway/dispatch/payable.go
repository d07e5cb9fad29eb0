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

// crowdedRetry is when those may ask again who are refused for others that
// wait: some of these cost nothing in the end.
const crowdedRetry = time.Minute

// Payable refuses a task that is not accepted yet when the budgets of today,
// that of its campaign among them, or what one task may cost, leave nothing
// for anybody in its plan, or only what those will cost who wait already. The
// leader knows what is spent; other gateways go by its last broadcast, and
// refuse nothing without one: the leader decides again when it assigns the
// task. A plan without steps waits for an operator,
// as ever.
func (d *Dispatcher) Payable(id task.ID, campaign string) error {
	now := d.deps.Runs.Now()
	state, p := d.deps.Policy(), plans{d.deps}
	most := p.mostFen()
	if len(state.Budgets) == 0 && state.Campaigns[campaign].DailyBudgetFen == 0 && most == math.MaxInt64 {
		return nil
	}
	steps, last := d.deps.Runs.Router.Plan(id), d.latest(now)
	affords := d.affords(state, last, now)
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
	if len(steps) > 0 && last != nil && last.Waiting > 0 && last.Waiting >= last.spending().CallsLeft(state.Budgets, steps, most) {
		return fault.New(fault.BudgetExhausted).After(crowdedRetry)
	}
	return nil
}

// latest is the last broadcast of today, nil when it is old.
func (d *Dispatcher) latest(now time.Time) *broadcast {
	b := d.last.Load()
	if b == nil || now.Sub(b.At) >= broadcastStale || shanghai.Day(b.At) != shanghai.Day(now) {
		return nil
	}
	return b
}

func (d *Dispatcher) affords(state *policy.State, last *broadcast, now time.Time) func(routing.Step, string) bool {
	if t := d.current.Load(); t != nil {
		return func(s routing.Step, campaign string) bool {
			return t.deps.Runs.Accounts.Allows(state, s, campaign, now)
		}
	}
	if last == nil {
		return func(routing.Step, string) bool { return true }
	}
	spending := last.spending()
	return func(s routing.Step, campaign string) bool { return spending.Allows(state, s, campaign) }
}
