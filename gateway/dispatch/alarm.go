package dispatch

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

// Alarm is what an operator should know before it stops pictures.
type Alarm struct {
	What  alarm.Name `json:"what"`
	Name  string     `json:"name"` // the provider, policy.WholeService, or the campaign; "" for the only one
	Since time.Time  `json:"since,omitzero"`

	// Of an alarm about money the admin API says these.
	Severity alarm.Severity `json:"severity,omitempty"`
	Message  string         `json:"message,omitempty"`

	SpentFen  int64 `json:"spentFen,omitempty"`
	BudgetFen int64 `json:"budgetFen,omitempty"`
	Remaining int64 `json:"remaining,omitempty"` // calls
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
	budget := func(what alarm.Name, name string, spent, fen int64) {
		if a.BudgetShare > 0 && fen > 0 && float64(spent) >= a.BudgetShare*float64(fen) {
			out = append(out, Alarm{What: what, Name: name, SpentFen: spent, BudgetFen: fen})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(state.Budgets)) {
		budget(alarm.Budget, name, on.Of(name), state.Budgets[name])
	}
	for _, name := range slices.Sorted(maps.Keys(state.Campaigns)) {
		if c := state.Campaigns[name]; c.Open(b.At) {
			budget(alarm.Campaign, name, on.Campaigns[name], c.DailyBudgetFen)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Providers)) {
		if left := b.Providers[name].Remaining; left != nil && *left < a.Allowance {
			out = append(out, Alarm{What: alarm.Allowance, Name: name, Remaining: *left})
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
		switch {
		case logged.Severity != "":
			return false // it is logged until it is over
		case logged.What == alarm.Allowance:
			return now.Sub(at) >= allowanceQuiet
		}
		return shanghai.Day(at) != shanghai.Day(now)
	})
	key := a.key()
	if _, logged := l[key]; logged {
		return false
	}
	l[key] = now
	return true
}

// key is what is logged once.
func (a Alarm) key() Alarm {
	return Alarm{What: a.What, Name: a.Name, BudgetFen: a.BudgetFen, Severity: a.Severity}
}

// over logs the end of those that are not about money.
func (l loggedAlarms) over(alarms []Alarm, log *slog.Logger) {
	for logged := range l {
		if logged.Severity == "" || slices.ContainsFunc(alarms, func(a Alarm) bool { return a.key() == logged }) {
			continue
		}
		delete(l, logged)
		if !slices.ContainsFunc(alarms, func(a Alarm) bool { return a.What == logged.What && a.Name == logged.Name }) {
			log.Info("alarm cleared", "alarm", string(logged.What), "subject", logged.Name)
		}
	}
}

// log logs the alarms that were not logged yet.
func (l loggedAlarms) log(alarms []Alarm, now time.Time, log *slog.Logger) {
	l.over(alarms, log)
	for _, a := range alarms {
		if !l.fresh(a, now) {
			continue
		}
		switch {
		case a.Severity != "":
			log.Warn("alarm raised", "alarm", string(a.What), "subject", a.Name, "severity", string(a.Severity), "message", a.Message)
		case a.What != alarm.Allowance:
			log.Warn("budget nearly spent", "of", string(a.What), "budget", a.Name, "spent_fen", a.SpentFen, "budget_fen", a.BudgetFen, "day", shanghai.Day(now))
		default:
			log.Warn("allowance of a vendor is low", "provider", a.Name, "remaining_calls", a.Remaining)
		}
	}
}

// onset remembers since when each alarm stands. It outlives terms, so that only
// a gateway that has never led nor heard a leader begins anew.
type onset struct {
	mu     sync.Mutex
	since  map[onsetKey]time.Time
	before map[onsetKey]time.Time // as of before a restart
	until  time.Time              // after it, what is not raised again was another one
}

// onsetKept is how long after a restart an alarm may be raised again as the
// same: what it is about is found out by and by.
const onsetKept = time.Minute

// remember takes over the alarms of before a restart.
func (o *onset) remember(alarms []Alarm, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.before, o.until = make(map[onsetKey]time.Time, len(alarms)), now.Add(onsetKept)
	for _, a := range alarms {
		o.before[onsetKey{a.What, a.Name}] = a.Since
	}
}

type onsetKey struct {
	what alarm.Name
	name string
}

// stamp sets Since of the alarms that stand now and forgets all others.
func (o *onset) stamp(alarms []Alarm, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	still := make(map[onsetKey]time.Time, len(alarms))
	for i := range alarms {
		k := onsetKey{alarms[i].What, alarms[i].Name}
		since, stood := o.since[k]
		if !stood {
			since, stood = o.before[k]
			stood = stood && now.Before(o.until)
		}
		if !stood {
			since = now
		}
		still[k], alarms[i].Since = since, since
	}
	o.since = still
}

// hear takes over what another leader says of its alarms.
func (o *onset) hear(alarms []Alarm) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = make(map[onsetKey]time.Time, len(alarms))
	for _, a := range alarms {
		o.since[onsetKey{a.What, a.Name}] = a.Since
	}
}
