package dispatch

import (
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// shanghai has no summer time.
func shanghai() *time.Location { return time.FixedZone("CST", 8*3600) }

// dayOf is the day of the books that a moment belongs to.
func dayOf(t time.Time) string { return t.In(shanghai()).Format("20060102") }

// Today is how long the books' day has lasted at a moment.
func Today(t time.Time) time.Duration {
	t = t.In(shanghai())
	return t.Sub(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, shanghai()))
}

// purse is a provider on a day, and the campaign that its calls were made for.
type purse struct{ day, provider, campaign string }

// held is money set aside for one call, or spent by it, and not in the ledger
// yet.
type held struct {
	purse
	fen int64
}

// spend knows what has been spent and what is set aside for calls under way.
// The ledger holds what has ended and is on the disk; the rest is in hand,
// and in the records of jobs that are not acknowledged yet, from which the
// next term counts it again. So no kill makes it forget a call.
type spend struct {
	state func() *policy.State

	mu   sync.Mutex
	book book // as last written
	hand map[purse]int64
}

func newSpend(state func() *policy.State) *spend {
	return &spend{state: state, hand: make(map[purse]int64)}
}

// affords reports whether today's budgets have room for a call, that of the
// campaign which it is made for among them.
func (s *spend) affords(step routing.Step, campaign string, now time.Time) bool {
	state := s.state()
	if step.PriceFen == 0 || len(state.Budgets) == 0 && state.Campaigns[campaign].DailyBudgetFen == 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return room(state, step, campaign, daily{s, dayOf(now)})
}

// daily is what was spent on one day. The lock is held.
type daily struct {
	*spend
	day string
}

func (d daily) spent(provider string) int64 { return d.spend.spent(d.day, provider) }

func (d daily) total() int64 { return d.spend.total(d.day) }

func (d daily) campaign(name string) int64 { return d.spend.campaign(d.day, name) }

// spent is what a provider cost on a day, with what is set aside. The caller
// holds the lock.
func (s *spend) spent(day, provider string) int64 {
	fen := s.inHand(func(p purse) bool { return p.day == day && p.provider == provider })
	for _, sums := range s.book.Days[day][provider] {
		fen += sums.spent()
	}
	return fen
}

// campaign is spent for a campaign.
func (s *spend) campaign(day, name string) int64 {
	return s.book.Campaigns[day][name] + s.inHand(func(p purse) bool { return p.day == day && p.campaign == name })
}

func (s *spend) inHand(of func(purse) bool) (fen int64) {
	for p, n := range s.hand {
		if of(p) {
			fen += n
		}
	}
	return fen
}

func (s *spend) total(day string) (fen int64) {
	fen = s.inHand(func(p purse) bool { return p.day == day })
	for _, origins := range s.book.Days[day] {
		for _, sums := range origins {
			fen += sums.spent()
		}
	}
	return fen
}

// today is what a provider cost on the day of a moment, allToday what all did.
func (s *spend) today(provider string, now time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent(dayOf(now), provider)
}

func (s *spend) allToday(now time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total(dayOf(now))
}

// campaignsToday is what each campaign cost.
func (s *spend) campaignsToday(now time.Time) map[string]int64 {
	out := make(map[string]int64)
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.state().Campaigns {
		if fen := s.campaign(dayOf(now), name); fen > 0 {
			out[name] = fen
		}
	}
	return out
}

// reserve sets the price of a call aside.
func (s *spend) reserve(step routing.Step, campaign string, at time.Time) held {
	if step.PriceFen == 0 {
		return held{}
	}
	h := held{purse{dayOf(at), step.Name, campaign}, step.PriceFen}
	s.put(h, h.fen)
	return h
}

func (s *spend) put(h held, fen int64) {
	if fen == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hand[h.purse] += fen; s.hand[h.purse] == 0 {
		delete(s.hand, h.purse)
	}
}

// giveBack takes money out of hand: nothing was spent, or the ledger has it.
func (s *spend) giveBack(hs ...held) {
	for _, h := range hs {
		s.put(h, -h.fen)
	}
}

// settle replaces what was set aside by what a call has cost.
func (s *spend) settle(h held, fen int64) held {
	s.put(h, fen-h.fen)
	return held{h.purse, fen}
}

// booked reports whether a task's calls are in the ledger already.
func (s *spend) booked(id task.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.book.Open[id]
	return ok
}
