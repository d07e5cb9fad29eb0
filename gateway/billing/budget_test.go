package billing

import (
	"math"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
)

func priced(fen ...int64) (steps []routing.Step) {
	for i, f := range fen {
		steps = append(steps, routing.Step{Provider: routing.Provider{Name: string(rune('a' + i)), PriceFen: f}})
	}
	return steps
}

func TestPicturesThatBudgetsPayFor(t *testing.T) {
	t.Parallel()
	on := Spending{TotalFen: 100, Providers: map[string]int64{"a": 60, "b": 40}}
	for name, c := range map[string]struct {
		steps   []routing.Step
		budgets map[string]int64
		most    int64
		want    int
	}{
		"no bound":                 {priced(20, 30), nil, 100, math.MaxInt},
		"one bound":                {priced(20, 30), map[string]int64{"a": 100}, 100, math.MaxInt},
		"both":                     {priced(20, 30), map[string]int64{"a": 100, "b": 100}, 100, 4},
		"both, in another order":   {priced(20, 30), map[string]int64{"b": 30, "a": 99}, 100, 1},
		"the service pays less":    {priced(20, 30), map[string]int64{"a": 100, "b": 100, policy.WholeService: 160}, 100, 3},
		"the service is overspent": {priced(20), map[string]int64{policy.WholeService: 90}, 100, 0},
		"one is too dear":          {priced(20, 30), map[string]int64{"a": 100}, 25, 2},
		"one is free":              {priced(20, 0), map[string]int64{"a": 0, policy.WholeService: 0}, 100, math.MaxInt},
	} {
		if got := on.CallsLeft(c.budgets, c.steps, c.most); got != c.want {
			t.Errorf("%s: %d pictures, want %d", name, got, c.want)
		}
	}
}

func TestEveryBudgetOfACallMustHaveRoom(t *testing.T) {
	t.Parallel()
	on := Spending{TotalFen: 100, Providers: map[string]int64{"a": 60}, Campaigns: map[string]int64{"expo": 40}}
	for name, c := range map[string]struct {
		state    policy.State
		fen      int64
		campaign string
		want     bool
	}{
		"no budget":                     {policy.State{}, 20, "expo", true},
		"the provider's, just":          {policy.State{Budgets: map[string]int64{"a": 80}}, 20, "", true},
		"the provider's, not quite":     {policy.State{Budgets: map[string]int64{"a": 79}}, 20, "", false},
		"another provider's":            {policy.State{Budgets: map[string]int64{"b": 0}}, 20, "", true},
		"the service's, just":           {policy.State{Budgets: map[string]int64{policy.WholeService: 120}}, 20, "", true},
		"the service's, not quite":      {policy.State{Budgets: map[string]int64{policy.WholeService: 119}}, 20, "", false},
		"the campaign's, just":          {policy.State{Campaigns: map[string]policy.Campaign{"expo": {DailyBudgetFen: 60}}}, 20, "expo", true},
		"the campaign's, not quite":     {policy.State{Campaigns: map[string]policy.Campaign{"expo": {DailyBudgetFen: 59}}}, 20, "expo", false},
		"a campaign that it is not for": {policy.State{Campaigns: map[string]policy.Campaign{"expo": {DailyBudgetFen: 59}}}, 20, "", true},
		"a campaign without a budget":   {policy.State{Campaigns: map[string]policy.Campaign{"expo": {}}}, 20, "expo", true},
		"a call that is free":           {policy.State{Budgets: map[string]int64{"a": 0, policy.WholeService: 0}}, 0, "", true},
	} {
		if got := on.Allows(&c.state, priced(c.fen)[0], c.campaign); got != c.want {
			t.Errorf("%s: allowed %v, want %v", name, got, c.want)
		}
	}
}
