package billing

import (
	"math"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Spending is what one day has cost so far, with what is reserved for calls
// in flight.
type Spending struct {
	TotalFen  int64
	Providers map[string]int64 // fen
	Campaigns map[string]int64 // fen
}

// Of is what counts against a budget: that of a provider or of the whole
// service.
func (s Spending) Of(budget string) int64 {
	if budget == policy.WholeService {
		return s.TotalFen
	}
	return s.Providers[budget]
}

// Allows reports whether the budgets leave room for one more call. It is made
// for a campaign, or for none when campaign is "".
func (s Spending) Allows(state *policy.State, step routing.Step, campaign string) bool {
	if step.PriceFen == 0 {
		return true
	}
	if most := state.Campaigns[campaign].DailyBudgetFen; most > 0 && s.Campaigns[campaign]+step.PriceFen > most {
		return false
	}
	for _, budget := range []string{step.Name, policy.WholeService} {
		if most, ok := state.Budgets[budget]; ok && s.Of(budget)+step.PriceFen > most {
			return false
		}
	}
	return true
}

// CallsLeft is how many calls the budgets still pay for, at those steps of a
// plan that cost no more than mostFen.
func (s Spending) CallsLeft(budgets map[string]int64, steps []routing.Step, mostFen int64) int {
	n, cheapest := int64(0), int64(math.MaxInt64)
	for _, step := range steps {
		fen, bounded := budgets[step.Name]
		switch {
		case step.PriceFen > mostFen:
			continue
		case step.PriceFen == 0:
			return math.MaxInt
		case !bounded:
			n = math.MaxInt
		case n < math.MaxInt:
			n += max(0, fen-s.Of(step.Name)) / step.PriceFen
		}
		cheapest = min(cheapest, step.PriceFen)
	}
	if fen, bounded := budgets[policy.WholeService]; bounded {
		n = min(n, max(0, fen-s.TotalFen)/cheapest)
	}
	return int(n)
}

// Lacking names whose money is spent when a task of a campaign cannot be paid
// for: the campaign's or everybody's. It is "" when the task can be paid for.
func Lacking(campaign string, payable func(campaign string) bool) (code fault.Code) {
	switch {
	case payable(campaign):
		return ""
	case campaign != "" && payable(""):
		return fault.CampaignSpent
	default:
		return fault.BudgetExhausted
	}
}
