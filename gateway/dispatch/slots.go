package dispatch

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// slots counts what runs where. It is exact because one dispatcher leads: the
// workers' own counts only confirm it.
type slots struct {
	workers   []fleet.Member
	state     *policy.State
	capacity  int            // of the usable workers
	busy      map[string]int // by worker id
	providers map[string]int // by provider name
	health    *health.Health
	accounts  *billing.Accounts
	store     func() error // fails while it takes no pictures
}

func lane(t *run.Slot) health.Lane { return health.Lane{Provider: t.Step.Name, Region: t.Region} }

// need says what a task would accept.
type need struct {
	steps    []routing.Step       // in order of preference
	region   string               // preferred, "" for none
	campaign string               // whose money it is, beside everybody's
	avoid    map[string]bool      // workers that just failed it
	rest     map[string]time.Time // providers that just failed it, until when they are left alone
	waited   time.Duration
	spill    time.Duration
	attempt  bool // it failed before: any real model in the plan will do
	stalled  bool // it waited long enough for a breaker to close
	force    bool // breakers do not matter
}

func newSlots(h *health.Health, a *billing.Accounts, store func() error) *slots {
	return &slots{store: store, busy: make(map[string]int), providers: make(map[string]int), state: &policy.State{}, health: h, accounts: a}
}

func (s *slots) refresh(ws []fleet.Member, state *policy.State) {
	s.workers, s.state, s.capacity = ws, state, 0
	for _, w := range ws {
		if s.usable(w) {
			s.capacity += w.Capacity
		}
	}
}

func (s *slots) usable(w fleet.Member) bool { return !w.Draining && !s.state.Workers[w.ID].Drain }

func (s *slots) free() (n int) {
	for _, w := range s.workers {
		if s.usable(w) {
			n += max(0, w.Capacity-s.busy[w.ID])
		}
	}
	return n
}

// take reserves the best slot for n, or nil. The first choice of provider is
// waited for; later ones serve when nobody offers the first, when one failed,
// or after the spill time. A stand-in never jumps a real model that is merely
// busy or resting. A provider whose breaker is open in every region counts as
// not offered, and one that limits our rate is not waited for, neither while it
// rests nor while it bears fewer calls than configured; when no breaker
// lets anybody through, a task that has stalled is tried all
// the same, so that each gets its answer. Nobody gets a slot while the store
// takes no pictures: what cannot be stored is not paid for.
func (s *slots) take(n need, now time.Time) *run.Slot {
	if s.store() != nil {
		return nil
	}
	offered := func(step routing.Step) bool { return s.offered(step, n, now) }
	if n.stalled && !slices.ContainsFunc(n.steps, offered) {
		n.force = true
	}
	overflow := n.attempt || n.waited >= n.spill
	for i, step := range n.steps {
		if i > 0 && !overflow && offered(n.steps[0]) && !s.health.Limits(n.steps[0].Name, n.steps[0].MaxConcurrent, now) {
			return nil
		}
		if step.Degraded && slices.ContainsFunc(n.steps[:i], func(s routing.Step) bool { return !s.Degraded && offered(s) }) {
			return nil
		}
		if until, ok := n.rest[step.Name]; (ok && now.Before(until)) || s.health.Rests(step.Name, now) {
			continue
		}
		if room := s.health.Room(step.Name, step.MaxConcurrent); room > 0 && s.providers[step.Name] >= room {
			continue
		}
		if w, ok := s.best(step, n, now); ok {
			got := &run.Slot{Step: step, Price: s.accounts.Reserve(step.Name, n.campaign, step.PriceFen, now)}
			s.hold(got, w)
			return got
		}
	}
	return nil
}

func (s *slots) offered(step routing.Step, n need, now time.Time) bool {
	return slices.ContainsFunc(s.workers, func(w fleet.Member) bool { return s.serves(w, step, n, now) })
}

// serves reports whether a worker may call a provider now, had it room.
func (s *slots) serves(w fleet.Member, step routing.Step, n need, now time.Time) bool {
	return s.usable(w) && offers(w, step) && (n.force || s.health.Lets(health.Lane{Provider: step.Name, Region: w.Region}, now))
}

func offers(w fleet.Member, step routing.Step) bool {
	return slices.Contains(w.Providers, step.Name) && (step.Region == "" || step.Region == w.Region)
}

// best is the least loaded worker of the preferred region, or of any region
// when that one has none or did not have room for the spill time. A worker
// that just failed the task is used only when no other offers the provider.
func (s *slots) best(step routing.Step, n need, now time.Time) (fleet.Member, bool) {
	home := slices.ContainsFunc(s.workers, func(w fleet.Member) bool {
		return w.Region == n.region && s.serves(w, step, n, now)
	})
	other := slices.ContainsFunc(s.workers, func(w fleet.Member) bool {
		return !n.avoid[w.ID] && s.serves(w, step, n, now)
	})
	var best fleet.Member
	bestScore := 2.0
	for _, w := range s.workers {
		if !s.serves(w, step, n, now) || s.busy[w.ID] >= w.Capacity || (n.avoid[w.ID] && other) {
			continue
		}
		if home && w.Region != n.region && n.waited < n.spill {
			continue
		}
		score := float64(s.busy[w.ID]) / float64(w.Capacity)
		if home && w.Region != n.region {
			score++ // spill-over: only when home is full
		}
		if score < bestScore {
			best, bestScore = w, score
		}
	}
	return best, bestScore < 2
}

// hold puts a slot at a worker.
func (s *slots) hold(t *run.Slot, w fleet.Member) {
	t.Worker, t.Address, t.Region = w.ID, w.Address, w.Region
	s.busy[t.Worker]++
	s.providers[t.Step.Name]++
	t.Probe = s.health.Begin(lane(t))
}

func (s *slots) release(t *run.Slot) {
	if s.busy[t.Worker]--; s.busy[t.Worker] <= 0 {
		delete(s.busy, t.Worker)
	}
	if s.providers[t.Step.Name]--; s.providers[t.Step.Name] <= 0 {
		delete(s.providers, t.Step.Name)
	}
	s.accounts.Release(t.Price)
	t.Price = billing.Reservation{}
	if t.Probe {
		s.health.Leave(lane(t))
	}
}

// occupy reserves what an attempt found in a record already uses.
func (s *slots) occupy(a *task.Attempt, step routing.Step, campaign string) *run.Slot {
	t := &run.Slot{Step: step, Price: s.accounts.Reserve(a.Provider, campaign, a.PriceFen, a.StartedAt)}
	s.hold(t, fleet.Member{Heartbeat: workerrpc.Heartbeat{ID: a.Worker, Address: a.Address, Region: a.Region}})
	return t
}

// move gives a slot another worker for the same provider, in any region, and
// reports whether there was one.
func (s *slots) move(t *run.Slot, avoid map[string]bool, now time.Time) bool {
	w, ok := s.best(t.Step, need{avoid: avoid, force: true}, now)
	if !ok || avoid[w.ID] {
		return false
	}
	s.reseat(t, w)
	return true
}

// reseat gives a slot to another worker; its price stays with the call.
func (s *slots) reseat(t *run.Slot, w fleet.Member) {
	price := t.Price
	t.Price = billing.Reservation{}
	s.release(t)
	t.Price = price
	s.hold(t, w)
}

// toHolder moves a slot to another worker, which names the attempt as spooled,
// whether or not it has room: it has the picture already.
func (s *slots) toHolder(t *run.Slot, name string) bool {
	i := slices.IndexFunc(s.workers, func(w fleet.Member) bool { return w.ID != t.Worker && slices.Contains(w.Spooled, name) })
	if i >= 0 {
		s.reseat(t, s.workers[i])
	}
	return i >= 0
}

// movable reports whether a slot could move, had another worker room.
func (s *slots) movable(t *run.Slot, avoid map[string]bool, now time.Time) bool {
	return slices.ContainsFunc(s.workers, func(w fleet.Member) bool {
		return !avoid[w.ID] && s.serves(w, t.Step, need{force: true}, now)
	})
}
