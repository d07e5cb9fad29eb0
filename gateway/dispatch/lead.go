package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/fairqueue"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	tickEvery = 250 * time.Millisecond

	// recoverMost bounds how long placing waits for the jobs of the term
	// before: they come within milliseconds of an engine that is well.
	recoverMost = 5 * time.Second

	// missedMost bounds the pokes remembered for jobs that are not here yet.
	missedMost = 1 << 14
)

// lead is one term of leadership: everything it knows dies with it and is
// read again from the records by the next.
type lead struct {
	*Dispatcher
	wake      chan struct{} // something changed: place again
	recovered chan struct{} // closed when the calls of the term before are counted
	walks     sync.WaitGroup
	trims     trims

	mu        sync.Mutex
	waiting   fairqueue.Queue[*item]
	slots     *slots
	health    *health.Health
	hedging   health.HedgeBudget
	accounts  *billing.Accounts
	ledger    *billing.Ledger
	held      map[task.ID]*item    // leased: waiting or running
	missed    map[task.ID]struct{} // poked before they were leased
	asking    []*walk              // running tasks that need another slot
	moving    []*flight            // calls that another worker is to resume
	service   *service
	delivered uint64 // last job sequence leased
	over      bool   // the term has ended: nothing starts any more
}

// item is a leased job and what is known of its task.
type item struct {
	lease     queue.Lease
	rec       *task.Record
	rev       uint64
	entered   time.Time     // into the fair queue
	announced int           // last position told
	telling   bool          // its position is being written
	poked     bool          // its record changed meanwhile
	estimate  task.Position // given when it was accepted; zero when that was before this term
	walk      *walk         // nil while it waits
}

// turn says with whom a task shares its turns: every campaign has its own, as
// has everybody else together. So a campaign's crowd, which is often behind
// one address, neither waits behind everybody nor keeps them waiting.
func (it *item) turn() fairqueue.Key {
	j := it.lease.Job
	return fairqueue.Key{Lane: j.Campaign, Network: j.Network, Session: string(j.Session)}
}

func newLead(d *Dispatcher) *lead {
	h, a := health.New(d.config.Breaking), billing.NewAccounts()
	return &lead{
		Dispatcher: d, wake: make(chan struct{}, 1), recovered: make(chan struct{}), trims: newTrims(),
		slots: newSlots(h, a), health: h, accounts: a, ledger: d.billing.Ledger(a, d.Logger), held: make(map[task.ID]*item), missed: make(map[task.ID]struct{}),
		service: newService(),
	}
}

// run leads until ctx ends or the queue is taken over, and leaves no
// goroutine behind.
func (l *lead) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	drained, err := l.Queue.Drained(ctx)
	if err != nil {
		return err
	}
	l.delivered = drained
	if err := l.ledger.Load(ctx); err != nil {
		return err
	}
	deaf, err := l.Queue.Cancels(func(_ task.SessionID, id task.ID) { l.poke(ctx, id) })
	if err != nil {
		return err
	}
	defer deaf()
	var loops sync.WaitGroup
	loops.Go(func() {
		cancel(l.Queue.Lead(ctx, l.config.Window, func(s queue.Lease) { l.enter(ctx, s) }, func() { close(l.recovered) }))
	})
	loops.Go(func() { l.place(ctx) })
	loops.Go(func() { l.pulse(ctx) })
	loops.Go(func() { l.trim(ctx) })
	loops.Go(func() { l.tellAll(ctx) })
	loops.Go(func() { _ = l.ledger.Run(ctx) })
	loops.Wait()
	l.close()
	l.walks.Wait()
	return context.Cause(ctx)
}

// close ends the term: a late poke starts nothing that nobody waits for.
func (l *lead) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	l.metrics.waiting.Set(0)
	l.metrics.running.Set(0)
	l.metrics.capacity.Set(0)
	l.metrics.alarms.Reset()
}

// enter takes a lease into the fair queue. A job that an earlier dispatcher may
// have begun is looked up first: a call in flight is attached to at once.
func (l *lead) enter(ctx context.Context, s queue.Lease) {
	it := &item{lease: s, rec: s.Job.Accepted(), entered: time.Now()}
	if s.Old || l.wasPoked(s.Job.ID) {
		rec, rev, err := l.Queue.Lookup(ctx, s.Job.Session, s.Job.ID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			_ = s.Return(time.Second)
			return
		}
		if err == nil {
			it.rec, it.rev = rec, rev
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivered = max(l.delivered, s.Seq)
	if l.held[s.Job.ID] != nil {
		return // redelivered while in hand; the one in hand is pulsed again
	}
	l.held[s.Job.ID] = it
	switch {
	case it.rec.Running() != nil, it.rec.Deleted, it.rec.Canceling, it.rec.State != task.Queued:
		l.start(ctx, it, nil) // it has ended, shall end, or has had its turn
	default:
		l.wait(it)
	}
}

// wait puts an item into the fair queue. The caller holds the lock.
func (l *lead) wait(it *item) {
	load := l.loadLocked()
	load.Running-- // it is held, and neither waits nor runs yet
	it.announced = load.Waiting + 1
	if told := it.rec.Queue; told != nil && it.rev != 0 {
		it.announced = told.Position // in an earlier term: it does not grow now
	}
	if !it.lease.Old {
		it.estimate = load.Position(load.Waiting + 1)
	}
	l.waiting.Push(it.turn(), it)
	l.kick()
}

// step is a configured provider as a step, also one that policy has switched
// off since.
func (l *lead) step(provider string) routing.Step {
	for _, p := range l.Router.Config().Providers {
		if p.Name == provider {
			return routing.Step{Provider: p}
		}
	}
	return routing.Step{Provider: routing.Provider{Name: provider, Timeout: time.Minute}}
}

// start gives an item its walk. The caller holds the lock.
func (l *lead) start(ctx context.Context, it *item, s *slot) {
	it.walk = newWalk(l, it, s)
	if l.over {
		return
	}
	l.walks.Go(func() {
		it.walk.run(ctx)
		l.leave(it)
	})
}

func (l *lead) leave(it *item) {
	l.accounts.Release(it.walk.hand...) // what was not booked is counted again with the job
	l.mu.Lock()
	delete(l.held, it.lease.Job.ID)
	l.mu.Unlock()
	l.kick()
}

func (l *lead) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// poke makes the owner of a task read its record again. A task that is not
// leased yet is remembered, so that a cancel need not wait for its turn.
func (l *lead) poke(ctx context.Context, id task.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.held[id]
	switch {
	case it == nil:
		if len(l.missed) >= missedMost {
			clear(l.missed) // those find out at their turn
		}
		l.missed[id] = struct{}{}
	case it.walk != nil:
		it.walk.nudge()
	case it.telling:
		it.poked = true
	case l.waiting.Remove(it.turn(), it):
		l.start(ctx, it, nil)
		it.walk.nudge()
	}
}

func (l *lead) wasPoked(id task.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.missed[id]
	delete(l.missed, id)
	return ok
}

// pulse keeps every lease in hand.
func (l *lead) pulse(ctx context.Context) {
	tick := time.NewTicker(queue.PulseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		leases := make([]queue.Lease, 0, len(l.held))
		for _, it := range l.held {
			leases = append(leases, it.lease)
		}
		l.mu.Unlock()
		for _, s := range leases {
			_ = s.Pulse() // a lost lease comes again and is recognised
		}
	}
}

func (l *lead) status(s *Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Leader, s.Waiting = true, l.waiting.Len()
	s.Running = len(l.held) - s.Waiting
	t := l.tells(time.Now())
	s.Providers, s.SpentFen, s.Campaigns = t.Providers, t.SpentFen, t.Campaigns
	s.Alarms = l.config.Alarming.alarms(t, l.Policy())
	for name, n := range l.slots.providers {
		s.InFlight[name] = n
	}
}
