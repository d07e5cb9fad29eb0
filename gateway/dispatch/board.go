package dispatch

import (
	"maps"
	"reflect"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/fairqueue"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// item is a leased job and what is known of its task.
type item struct {
	lease      queue.Lease
	rec        *task.Record
	rev        uint64
	entered    time.Time     // into the fair queue
	position   int           // last announced
	announcing bool          // its position is being written
	poked      bool          // its record changed meanwhile
	estimate   task.Position // given when it was accepted; zero when that was before this term
	run        *run.Run      // nil while it waits
}

// turn says with whom a task shares its turns: every campaign has its own, as
// has everybody else together. So a campaign's crowd, which is often behind
// one address, neither waits behind everybody nor keeps them waiting.
func (it *item) turn() fairqueue.Key {
	j := it.lease.Job
	return fairqueue.Key{Lane: j.Campaign, Network: j.Network, Session: string(j.Session)}
}

// board is what a term knows: who waits and who runs, where there is room, and
// how the providers do. It has no lock: it belongs to a scheduler.
type board struct {
	config    Config
	plans     *plans
	waiting   fairqueue.Queue[*item]
	slots     *slots
	health    *health.Health
	hedges    health.HedgeBudget
	service   *service
	held      map[task.ID]*item     // leased: waiting or running
	missed    map[task.ID]struct{}  // poked before they were leased
	asking    []*run.SlotRequest    // of runs: those of calls in flight first
	delivered uint64                // last job sequence leased
	begin     func(*item, run.Task) // starts a run; nil when the term has ended
	state     *policy.State         // of the operators, as last looked at
}

func newBoard(c Config, p *plans) *board {
	h := health.New(c.Breaking)
	return &board{
		config: c, plans: p, health: h, slots: newSlots(h, p.deps.Runs.Accounts, p.deps.Store), service: newService(),
		held: make(map[task.ID]*item), missed: make(map[task.ID]struct{}),
	}
}

// enter takes a leased task in and reports whether it waits for a slot.
func (b *board) enter(it *item) (waits bool) {
	j := it.lease.Job
	b.delivered = max(b.delivered, it.lease.Seq)
	if b.held[j.ID] != nil {
		return false // redelivered while in hand; the one in hand is pulsed again
	}
	load := b.load(it.entered)
	b.held[j.ID] = it
	if it.rec.Running() != nil || it.rec.Deleted || it.rec.Canceling || it.rec.State != task.Queued {
		b.start(it, nil) // it has ended, shall end, or has had its turn
		return false
	}
	it.position = load.Waiting + 1
	if last := it.rec.Queue; last != nil && it.rev != 0 {
		it.position = last.Position // announced in an earlier term: it does not grow now
	}
	if !it.lease.Old {
		it.estimate = load.Position(load.Waiting + 1)
	}
	b.waiting.Push(it.turn(), it)
	return true
}

// start gives a task its run, with a slot or to ask for one. Attempts that its
// record has in flight hold their slots from now on.
func (b *board) start(it *item, s *run.Slot) {
	if b.begin == nil {
		return
	}
	j, found := it.lease.Job, map[int]*run.Slot(nil)
	for _, a := range it.rec.Attempts {
		if a.Outcome == "" {
			if found == nil {
				found = make(map[int]*run.Slot)
			}
			found[a.Number] = b.slots.occupy(&a, b.plans.deps.Runs.Router.Config().Step(a.Provider), j.Campaign)
		}
	}
	b.begin(it, run.Task{
		Lease: it.lease, Job: j, Record: it.rec, Revision: it.rev, Entered: it.entered, Estimate: it.estimate, Slot: s, Found: found,
	})
}

// startNow starts a waiting task out of turn: its record has changed.
func (b *board) startNow(it *item) {
	if !b.waiting.Remove(it.turn(), it) {
		return
	}
	if b.start(it, nil); it.run != nil {
		it.run.Nudge()
	}
}

// rethink makes the runs decide anew when operators have changed what they may
// do. They decide the rest as they go.
func (b *board) rethink(state *policy.State) {
	before := b.state
	b.state = state
	if before == nil || before == state || reflect.DeepEqual(before.Fallback, state.Fallback) {
		return
	}
	for _, it := range b.held {
		if it.run != nil {
			it.run.Rethink()
		}
	}
}

// load sums up the term for estimates of positions.
func (b *board) load(now time.Time) queue.Load {
	waiting := b.waiting.Len()
	return queue.Load{
		At: now, Waiting: waiting, Running: len(b.held) - waiting, Capacity: b.slots.capacity, Delivered: b.delivered,
		P50: b.service.p50, P90: b.service.p90, Mean: b.service.mean,
	}
}

// snapshot is the state of a term at a moment.
type snapshot struct {
	load      queue.Load
	providers map[string]ProviderStatus
	breakers  map[health.Lane]string
	inFlight  map[string]int // calls by provider
	oldest    time.Time      // when the task that has waited longest was accepted; zero when none waits
}

func (b *board) snapshot(now time.Time) snapshot {
	s := snapshot{
		load: b.load(now), providers: make(map[string]ProviderStatus), breakers: b.health.Breakers(now), inFlight: maps.Clone(b.slots.providers),
	}
	for _, it := range b.held {
		if at := it.lease.Job.CreatedAt; it.run == nil && (s.oldest.IsZero() || at.Before(s.oldest)) {
			s.oldest = at
		}
	}
	for _, p := range b.plans.deps.Runs.Router.Config().Providers {
		s.providers[p.Name] = b.provider(p.Name, now)
	}
	for l, state := range s.breakers {
		if p, configured := s.providers[l.Provider]; configured && state != health.Closed {
			p.Breakers[l.Region] = state
			p.Why[l.Region], p.Until[l.Region] = b.health.Opened(l)
		}
	}
	return s
}

// provider sums one up.
func (b *board) provider(name string, now time.Time) ProviderStatus {
	h, past := b.health.Summary(name, now), b.health.Past(name)
	s := ProviderStatus{
		InFlight: b.slots.providers[name], Breakers: make(map[string]string), Until: make(map[string]time.Time), Why: make(map[string]health.Refusal),
		P50Seconds: h.P50, P95Seconds: h.P95, Window: h.Window, Good: int64(h.Good), Bad: int64(h.Bad), Remaining: h.Remaining,
		Calls: past.Calls(now), Success: past.Success(), Refusal: past.Last, Failing: past.Failing(now),
	}
	s.Tasks, s.Photos = past.Tasks()
	if until := b.health.RestsUntil(name, now); !until.IsZero() {
		s.Rests = &until
	}
	return s
}
