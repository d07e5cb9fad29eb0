package billing

import (
	"maps"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// account is a provider on a day, and the campaign that its calls were made
// for.
type account struct{ day, provider, campaign string }

// Reservation is money that is set aside for one call, or that the call has
// cost and the ledger does not have yet. The zero Reservation is nothing.
type Reservation struct {
	Fen     int64
	account account
}

// Accounts know what is spent and what is reserved for calls in flight. What
// has ended and is on the disk is in the ledger. All else is reserved here and
// noted in the records of jobs that are not acknowledged: the next term reads
// these and reserves it again. So no kill makes it forget a call.
type Accounts struct {
	mu       sync.Mutex
	booked   map[string]int64 // ids of tasks that the ledger has, as last written
	reserved map[account]int64
	days     daily
}

// NewAccounts makes accounts without any money spent; a ledger fills them.
func NewAccounts() *Accounts {
	return &Accounts{reserved: make(map[account]int64), days: make(daily)}
}

// daily is the spending by day.
type daily map[string]*Spending

func (d daily) add(a account, fen int64) {
	s := d[a.day]
	if s == nil {
		s = &Spending{Providers: make(map[string]int64), Campaigns: make(map[string]int64)}
		d[a.day] = s
	}
	if a.provider != "" {
		s.TotalFen += fen
		s.Providers[a.provider] += fen
	}
	if a.campaign == "" {
		return
	}
	if s.Campaigns[a.campaign] += fen; s.Campaigns[a.campaign] == 0 {
		delete(s.Campaigns, a.campaign)
	}
}

func (d daily) on(t time.Time) Spending {
	if s := d[shanghai.Day(t)]; s != nil {
		return *s
	}
	return Spending{}
}

// show takes over what the ledger has.
func (a *Accounts) show(p engine.Page[totals]) {
	days := make(daily)
	for c := range p.Sums.Days.each() {
		days.add(account{day: c.Day, provider: c.Provider}, c.SpentFen())
	}
	for day, campaigns := range p.Sums.Campaigns {
		for name, fen := range campaigns {
			days.add(account{day: day, campaign: name}, fen)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for account, fen := range a.reserved {
		days.add(account, fen)
	}
	a.booked, a.days = maps.Clone(p.Open), days
}

// Allows reports whether the day's budgets have room for a call, that of the
// campaign which it is made for among them.
func (a *Accounts) Allows(state *policy.State, step routing.Step, campaign string, now time.Time) bool {
	if step.PriceFen == 0 || len(state.Budgets) == 0 && state.Campaigns[campaign].DailyBudgetFen == 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.days.on(now).Allows(state, step, campaign)
}

// Spending is what the day of a moment has cost so far.
func (a *Accounts) Spending(now time.Time) Spending {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.days.on(now)
	s.Providers, s.Campaigns = maps.Clone(s.Providers), maps.Clone(s.Campaigns)
	return s
}

// Reserve sets the price of a call aside that begins, or has begun, at a
// moment.
func (a *Accounts) Reserve(provider, campaign string, fen int64, at time.Time) Reservation {
	if fen == 0 {
		return Reservation{}
	}
	r := Reservation{Fen: fen, account: account{shanghai.Day(at), provider, campaign}}
	a.add(r.account, fen)
	return r
}

func (a *Accounts) add(to account, fen int64) {
	if fen == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reserved[to] += fen; a.reserved[to] == 0 {
		delete(a.reserved, to)
	}
	a.days.add(to, fen)
}

// Release takes reservations back: nothing was spent, or the ledger has it.
func (a *Accounts) Release(rs ...Reservation) {
	for _, r := range rs {
		a.add(r.account, -r.Fen)
	}
}

// Settle replaces what was reserved for a call by what it has cost.
func (a *Accounts) Settle(r Reservation, fen int64) Reservation {
	a.add(r.account, fen-r.Fen)
	return Reservation{fen, r.account}
}

// Booked reports whether a task's calls are in the ledger already.
func (a *Accounts) Booked(id task.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.booked[string(id)]
	return ok
}
