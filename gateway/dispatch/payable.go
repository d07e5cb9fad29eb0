package dispatch

import (
	"math"
	"slices"
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
	campaign(name string) int64
}

// room reports whether budgets leave room for a call, made for a campaign or
// for "", which is none.
func room(state *policy.State, step routing.Step, campaign string, on expense) bool {
	if most := state.Campaigns[campaign].DailyBudgetFen; most > 0 && on.campaign(campaign)+step.PriceFen > most {
		return false
	}
	if most, ok := state.Budgets[step.Name]; ok && on.spent(step.Name)+step.PriceFen > most {
		return false
	}
	most, ok := state.Budgets[policy.WholeService]
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

func (h heard) campaign(name string) int64 { return h.Campaigns[name] }

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
	code := lacking(campaign, func(campaign string) bool {
		return len(steps) == 0 || slices.ContainsFunc(steps, func(s routing.Step) bool {
			return s.PriceFen <= most && (s.PriceFen == 0 || affords(s, campaign))
		})
	})
	if code != "" {
		left := 24*time.Hour - Today(now)
		f := fault.New(fault.Unavailable, code).After(left)
		f.ResetsAt = now.Add(left)
		return f
	}
	if len(steps) > 0 && news != nil && news.Waiting > 0 && news.Waiting >= pictures(state.Budgets, steps, most, heard{news}) {
		return fault.New(fault.Unavailable, "budget_exhausted").After(crowdedRetry)
	}
	return nil
}

// lacking names whose money is spent, the campaign's or everybody's, when a
// task of a campaign cannot be paid for; "" when it can.
func lacking(campaign string, payable func(campaign string) bool) (code string) {
	switch {
	case payable(campaign):
		return ""
	case campaign != "" && payable(""):
		return "campaign_spent"
	default:
		return "budget_exhausted"
	}
}

// news is what the leader told of late, and of today; nil when that is
// nothing.
func (d *Dispatcher) news(now time.Time) *told {
	t := d.told.Load()
	if t == nil || now.Sub(t.At) >= toldStale || dayOf(t.At) != dayOf(now) {
		return nil
	}
	return t
}

func (d *Dispatcher) affords(state *policy.State, news *told, now time.Time) func(routing.Step, string) bool {
	if l := d.current.Load(); l != nil {
		return func(s routing.Step, campaign string) bool { return l.spend.affords(s, campaign, now) }
	}
	return func(s routing.Step, campaign string) bool {
		return news == nil || room(state, s, campaign, heard{news})
	}
}

// pictures is how many calls the budgets still pay for, at the steps of a plan
// that a task may pay.
func pictures(budgets map[string]int64, steps []routing.Step, most int64, on expense) int {
	n, cheapest := int64(0), int64(math.MaxInt64)
	for _, s := range steps {
		fen, bounded := budgets[s.Name]
		switch {
		case s.PriceFen > most:
			continue
		case s.PriceFen == 0:
			return math.MaxInt
		case !bounded:
			n = math.MaxInt
		case n < math.MaxInt:
			n += max(0, fen-on.spent(s.Name)) / s.PriceFen
		}
		cheapest = min(cheapest, s.PriceFen)
	}
	if fen, bounded := budgets[policy.WholeService]; bounded {
		n = min(n, max(0, fen-on.total())/cheapest)
	}
	return int(n)
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
