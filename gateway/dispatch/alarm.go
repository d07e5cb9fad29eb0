package dispatch

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

// AlarmWhat is what an alarm is about.
type AlarmWhat string

// The alarms.
const (
	AlarmBudget    AlarmWhat = "budget"    // of a provider or the whole service, nearly spent
	AlarmCampaign  AlarmWhat = "campaign"  // the budget of one that is open, nearly spent
	AlarmAllowance AlarmWhat = "allowance" // a vendor soon takes no more calls
)

// Alarm is what an operator should know before it stops pictures.
type Alarm struct {
	What      AlarmWhat `json:"what"`
	Name      string    `json:"name"` // the provider, policy.WholeService, or the campaign
	SpentFen  int64     `json:"spentFen,omitempty"`
	BudgetFen int64     `json:"budgetFen,omitempty"`
	Remaining int64     `json:"remaining,omitempty"` // calls
}

// Alarming says when to raise alarms.
type Alarming struct {
	BudgetShare float64 // of a budget that is spent; 0 for never
	Allowance   int64   // calls that a vendor still takes; 0 for never
}

func defaultAlarming() Alarming { return Alarming{BudgetShare: 0.8, Allowance: 10} }

func (a Alarming) validate() error {
	var errs []error
	if !(a.BudgetShare >= 0 && a.BudgetShare <= 1) {
		errs = append(errs, fmt.Errorf("dispatch.budgetAlarm: must be 0…1, is %v", a.BudgetShare))
	}
	if a.Allowance < 0 {
		errs = append(errs, fmt.Errorf("dispatch.allowanceAlarm: must not be negative, is %d", a.Allowance))
	}
	return errors.Join(errs...)
}

// alarms lists what is alarming in what the leader broadcasts. A budget of nothing
// was meant so.
func (a Alarming) alarms(b broadcast, state *policy.State) (out []Alarm) {
	on := b.spending()
	budget := func(what AlarmWhat, name string, spent, fen int64) {
		if a.BudgetShare > 0 && fen > 0 && float64(spent) >= a.BudgetShare*float64(fen) {
			out = append(out, Alarm{What: what, Name: name, SpentFen: spent, BudgetFen: fen})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(state.Budgets)) {
		budget(AlarmBudget, name, on.Of(name), state.Budgets[name])
	}
	for _, name := range slices.Sorted(maps.Keys(state.Campaigns)) {
		if c := state.Campaigns[name]; c.Open(b.At) {
			budget(AlarmCampaign, name, on.Campaigns[name], c.DailyBudgetFen)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Providers)) {
		if left := b.Providers[name].Remaining; left != nil && *left < a.Allowance {
			out = append(out, Alarm{What: AlarmAllowance, Name: name, Remaining: *left})
		}
	}
	return out
}

// allowanceQuiet is how long nothing more is said of an allowance that keeps
// running low: most vendors count by the minute.
const allowanceQuiet = time.Hour

// loggedAlarms remember what was logged, so that it is logged once: a budget for each
// day and size, an allowance when it runs low. They outlive terms.
type loggedAlarms map[Alarm]time.Time

// fresh reports whether an alarm was not logged yet.
func (l loggedAlarms) fresh(a Alarm, now time.Time) bool {
	maps.DeleteFunc(l, func(logged Alarm, at time.Time) bool {
		if logged.What == AlarmAllowance {
			return now.Sub(at) >= allowanceQuiet
		}
		return shanghai.Day(at) != shanghai.Day(now)
	})
	key := Alarm{What: a.What, Name: a.Name, BudgetFen: a.BudgetFen}
	if _, logged := l[key]; logged {
		return false
	}
	l[key] = now
	return true
}

// log logs the alarms that were not logged yet.
func (l loggedAlarms) log(alarms []Alarm, now time.Time, log *slog.Logger) {
	for _, a := range alarms {
		if !l.fresh(a, now) {
			continue
		}
		if a.What != AlarmAllowance {
			log.Warn("budget nearly spent", "of", string(a.What), "budget", a.Name, "spent_fen", a.SpentFen, "budget_fen", a.BudgetFen, "day", shanghai.Day(now))
		} else {
			log.Warn("allowance of a vendor is low", "provider", a.Name, "remaining_calls", a.Remaining)
		}
	}
}
