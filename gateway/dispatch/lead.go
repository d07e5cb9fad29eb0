package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	tickEvery = 250 * time.Millisecond
	trimQueue = 1 << 14
)

// lead is one term of leadership: everything it knows dies with it and is
// read again from the records by the next.
type lead struct {
	*Dispatcher
	wake  chan struct{} // something changed: place again
	trims chan trim
	walks sync.WaitGroup

	mu      sync.Mutex
	window  *window
	slots   *slots
	held    map[task.ID]*item // leased: waiting or running
	asking  []*walk           // running tasks that need another slot
	service *service
}

// item is a leased job and what is known of its task.
type item struct {
	lease     queue.Lease
	rec       *task.Record
	rev       uint64
	entered   time.Time // into the window
	announced int       // last position told
	telling   bool      // its position is being written
	poked     bool      // its record changed meanwhile
	estimate  task.Position
	walk      *walk // nil while it waits
}

func newLead(d *Dispatcher) *lead {
	return &lead{
		Dispatcher: d, wake: make(chan struct{}, 1), trims: make(chan trim, trimQueue),
		window: newWindow(), slots: newSlots(), held: make(map[task.ID]*item), service: newService(),
	}
}

// run leads until ctx ends or the queue is taken over.
func (l *lead) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var loops sync.WaitGroup
	loops.Go(func() { cancel(l.Queue.Lead(ctx, l.config.Window, func(s queue.Lease) { l.enter(ctx, s) })) })
	loops.Go(func() { cancel(l.Queue.Cancels(ctx, func(_ task.SessionID, id task.ID) { l.poke(ctx, id) })) })
	loops.Go(func() { l.place(ctx) })
	loops.Go(func() { l.pulse(ctx) })
	loops.Go(func() { l.trim(ctx) })
	loops.Wait()
	l.walks.Wait()
	return context.Cause(ctx)
}

// enter takes a lease into the window. A job that an earlier dispatcher may
// have begun is looked up first: a call in flight is attached to at once.
func (l *lead) enter(ctx context.Context, s queue.Lease) {
	it := &item{lease: s, rec: s.Job.Accepted(), entered: time.Now()}
	if s.Old {
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
	if l.held[s.Job.ID] != nil {
		return // redelivered while in hand; the one in hand is pulsed again
	}
	l.held[s.Job.ID] = it
	switch {
	case it.rec.Deleted || it.rec.State.Terminal():
		l.start(ctx, it, nil)
	case it.rec.Running() != nil:
		l.start(ctx, it, l.slots.occupy(it.rec.Running()))
	default:
		load := l.loadLocked()
		it.announced = l.window.len() + 1
		it.estimate = load.Position(it.announced)
		l.window.push(it)
		l.kick()
	}
}

// start gives an item its walk. The caller holds the lock.
func (l *lead) start(ctx context.Context, it *item, s *slot) {
	it.walk = newWalk(l, it)
	l.walks.Go(func() {
		it.walk.run(ctx, s)
		l.leave(it)
	})
}

func (l *lead) leave(it *item) {
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

// poke makes the owner of a task read its record again.
func (l *lead) poke(ctx context.Context, id task.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.held[id]
	switch {
	case it == nil:
	case it.walk != nil:
		it.walk.nudge()
	case it.telling:
		it.poked = true
	case l.window.remove(it):
		l.start(ctx, it, nil)
		it.walk.nudge()
	}
}

// place gives free slots to waiting tasks whenever something changed.
func (l *lead) place(ctx context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-l.Fleet.Changed():
		case <-tick.C:
			l.tick(ctx)
		}
		l.assign(ctx)
	}
}

func (l *lead) assign(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slots.refresh(l.Fleet.Workers(), l.Policy())
	l.answer()
	for l.slots.free() > 0 {
		var s *slot
		it := l.window.pop(func(it *item) bool {
			s = l.slots.take(l.need(it))
			return s != nil
		})
		if it == nil {
			return
		}
		l.start(ctx, it, s)
	}
}

func (l *lead) need(it *item) need {
	return need{steps: l.Router.Plan(it.lease.Job.ID), region: it.lease.Job.Region, waited: time.Since(it.entered), spill: l.config.Spill}
}

// answer serves running tasks that fall back before new ones start. The
// caller holds the lock.
func (l *lead) answer() {
	left := l.asking[:0]
	for _, w := range l.asking {
		if s := l.slots.take(w.need()); s != nil {
			w.slot <- s
		} else {
			left = append(left, w)
		}
	}
	clear(l.asking[len(left):])
	l.asking = left
}

// ask queues a running task for another slot; forget takes that back.
func (l *lead) ask(w *walk) {
	l.mu.Lock()
	l.asking = append(l.asking, w)
	l.mu.Unlock()
	l.kick()
}

func (l *lead) forget(w *walk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.asking {
		if l.asking[i] == w {
			l.asking = append(l.asking[:i], l.asking[i+1:]...)
			return
		}
	}
	select {
	case s := <-w.slot: // answered meanwhile
		l.slots.release(s)
	default:
	}
}

func (l *lead) release(s *slot) {
	if s == nil {
		return
	}
	l.mu.Lock()
	l.slots.release(s)
	l.mu.Unlock()
	l.kick()
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
	s.Leader, s.Waiting = true, l.window.len()
	s.Running = len(l.held) - s.Waiting
	for name, n := range l.slots.providers {
		s.InFlight[name] = n
	}
}
