package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	tickEvery = 250 * time.Millisecond

	// recoverMost bounds how long assigning waits for the jobs of the term
	// before, from the first one on: they come within milliseconds of an engine
	// that is well. Before the first there is nothing to assign.
	recoverMost = 5 * time.Second

	// enterMost bounds how long a job waits for its record, which an engine
	// that elects its leaders does not give. It is well below the time after
	// which a lease comes again by itself.
	enterMost = 15 * time.Second
)

// term is one term of leadership: everything it knows dies with it and is
// read again from the records by the next.
type term struct {
	deps      Deps
	config    Config
	sched     *scheduler
	logged    loggedAlarms
	onset     *onset
	memory    *memory
	growth    growth
	held      *held         // the lease of the term
	entered   chan struct{} // full when the first job is here
	recovered chan struct{} // closed when the calls of the term before are counted
}

func newTerm(c Config, deps Deps, logged loggedAlarms, o *onset, m *memory) *term {
	deps.Runs.Accounts = billing.NewAccounts()
	deps.Runs.Ledger = deps.Runs.Billing.Ledger(deps.Runs.Accounts, deps.Runs.Logger)
	return &term{deps: deps, config: c, sched: newScheduler(c, deps), logged: logged, onset: o, memory: m, entered: make(chan struct{}, 1), recovered: make(chan struct{})}
}

// run leads until ctx ends or the queue is taken over, and leaves no
// goroutine behind.
func (t *term) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	drained, err := t.deps.Queue.Drained(ctx)
	if err != nil {
		return err
	}
	if err := t.deps.Runs.Ledger.Load(ctx); err != nil {
		return err
	}
	if err := t.recall(ctx); err != nil {
		return err
	}
	t.sched.open(ctx, drained)
	deaf, err := t.deps.Queue.Cancels(func(_ task.SessionID, id task.ID) { t.sched.poke(id) })
	if err != nil {
		return err
	}
	defer deaf()
	var loops sync.WaitGroup
	loops.Go(func() {
		cancel(t.deps.Queue.Lead(ctx, t.config.Window, func(l queue.Lease) { t.enter(ctx, l) }, func() { close(t.recovered) }))
	})
	loops.Go(func() { t.assign(ctx) })
	loops.Go(func() { t.pulse(ctx) })
	loops.Go(func() { t.sched.trims.run(ctx, t.deps.Queue, t.deps.Runs.Logger) })
	loops.Go(func() { t.broadcast(ctx) })
	loops.Go(func() { t.remember(ctx) })
	loops.Go(func() { t.disown(ctx) })
	loops.Go(func() { _ = t.deps.Runs.Ledger.Run(ctx) })
	loops.Wait()
	t.sched.close()
	return context.Cause(ctx)
}

// enter hands a lease to the scheduler. A job that an earlier dispatcher may
// have begun is looked up first: a call in flight is attached to at once.
func (t *term) enter(ctx context.Context, l queue.Lease) {
	tick.Wake(t.entered)
	it := &item{lease: l, rec: l.Job.Accepted(), entered: t.deps.Runs.Now()}
	if l.Old || t.sched.wasPoked(l.Job.ID) {
		rec, rev, err := t.lookup(ctx, l)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			_ = l.Return(time.Second)
			return
		}
		if err == nil {
			it.rec, it.rev = rec, rev
		}
	}
	t.sched.enter(it)
}

// lookup reads a record, again while the engine is away: a lease that is
// returned then may be lost on its way, and comes half a minute later.
func (t *term) lookup(ctx context.Context, l queue.Lease) (*task.Record, uint64, error) {
	for end := time.Now().Add(enterMost); ; {
		rec, rev, err := t.deps.Queue.Lookup(ctx, l.Job.Session, l.Job.ID)
		if k := fault.KindOf(err); err == nil || k != fault.Unavailable && k != fault.Timeout || time.Now().After(end) || !tick.Wait(ctx, tickEvery) {
			return rec, rev, err
		}
	}
}

// pulse keeps every lease in hand.
func (t *term) pulse(ctx context.Context) {
	for range tick.After(ctx, queue.PulseEvery) {
		for _, l := range t.sched.leases() {
			_ = l.Pulse() // a lost lease comes again and is recognised
		}
	}
}

// assign gives free slots to waiting tasks whenever something changed. It
// begins when the calls of the term before hold their slots again, so that no
// worker or provider is given more than it may have.
func (t *term) assign(ctx context.Context) {
	t.recover(ctx)
	tick := time.Tick(tickEvery)
	for changed := t.refresh(); ctx.Err() == nil; {
		if t.deps.Fresh(ctx) == nil { // else what is off by now would be paid
			t.sched.assign()
		}
		select {
		case <-ctx.Done():
			return
		case <-t.sched.wake:
		case <-changed:
			changed = t.refresh()
		case <-tick:
			changed = t.refresh()
			t.tick(ctx)
		}
	}
}

// recover waits until the calls of the term before hold their slots.
func (t *term) recover(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-t.recovered:
		return
	case <-t.entered:
	}
	select {
	case <-ctx.Done():
	case <-t.recovered:
	case <-time.After(recoverMost):
		t.deps.Runs.Logger.Warn("assigning begins before all jobs are back")
	}
}

// refresh reads the fleet and the operators' switches, and returns what tells
// of the fleet's next change.
func (t *term) refresh() <-chan struct{} {
	changed := t.deps.Fleet.Changed() // first: a change between the two is not lost
	t.sched.refresh(t.deps.Fleet.Workers(), t.deps.Policy())
	return changed
}

// tick publishes the load and announces new positions to the waiting. It
// runs in the goroutine that assigns, so no task starts while its position is
// being written.
func (t *term) tick(ctx context.Context) {
	load, announce := t.sched.tick()
	if err := t.deps.Queue.PublishLoad(load); err != nil {
		t.deps.Runs.Logger.Warn("load not published", "err", err)
	}
	for _, it := range announce {
		t.announce(ctx, it, load.Position(it.position))
	}
}

// announce writes one queue event. When the record was changed by somebody
// else, the task's run finds out what happened. When the engine did not answer
// the task keeps its turn; should the event have been written after all, the
// next write finds that out.
func (t *term) announce(ctx context.Context, it *item, p task.Position) {
	next := *it.rec // a waiting task has no attempts that would be shared
	next.Queue = &p
	err := next.To(task.Queued, task.EventQueued)
	var rev uint64
	if err == nil {
		rev, err = t.deps.Queue.Write(ctx, &next, it.rev)
	}
	if err != nil {
		t.sched.announced(it, nil, 0, fault.KindOf(err) == fault.Conflict)
		return
	}
	t.sched.announced(it, &next, rev, false)
}
