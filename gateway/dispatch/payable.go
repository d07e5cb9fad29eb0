package dispatch

import (
	"math"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// expense tells what was spent on the day of the books, with what is set
// aside.
type expense interface {
	spent(provider string) int64
	total() int64
}

// room reports whether budgets leave room for a call.
func room(budgets map[string]int64, step routing.Step, on expense) bool {
	if most, ok := budgets[step.Name]; ok && on.spent(step.Name)+step.PriceFen > most {
		return false
	}
	most, ok := budgets[policy.WholeService]
	return !ok || on.total()+step.PriceFen <= most
}

// heard is what the leader told of today.
type heard struct{ *told }

func (h heard) spent(provider string) int64 { return h.Providers[provider].SpentFen }

func (h heard) total() int64 { return h.SpentFen }

// of is what was spent of a budget.
func (h heard) of(budget string) int64 {
	if budget == policy.WholeService {
		return h.total()
	}
	return h.spent(budget)
}

// Payable refuses a task that is not accepted yet when the budgets of today,
// or what one task may cost, leave nothing for anybody in its plan. The leader
// knows; other gateways go by what it told within the last second, and refuse
// nothing when it told nothing: the leader judges again when it places the
// task. A plan without steps waits for an operator, as ever.
func (d *Dispatcher) Payable(id task.ID) error {
	now := time.Now()
	budgets, most := d.Policy().Budgets, d.mostFen()
	if len(budgets) == 0 && most == math.MaxInt64 {
		return nil
	}
	steps := d.Router.Plan(id)
	if len(steps) == 0 {
		return nil
	}
	affords := d.affords(budgets, now)
	for _, s := range steps {
		if s.PriceFen <= most && (s.PriceFen == 0 || affords(s)) {
			return nil
		}
	}
	left := 24*time.Hour - Today(now)
	f := fault.New(fault.Unavailable, "budget_exhausted").After(left)
	f.ResetsAt = now.Add(left)
	return f
}

func (d *Dispatcher) affords(budgets map[string]int64, now time.Time) func(routing.Step) bool {
	if l := d.current.Load(); l != nil {
		return func(s routing.Step) bool { return l.spend.affords(s, now) }
	}
	t := d.told.Load()
	if t == nil || now.Sub(t.At) >= toldStale || dayOf(t.At) != dayOf(now) {
		return func(routing.Step) bool { return true }
	}
	return func(s routing.Step) bool { return room(budgets, s, heard{t}) }
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
