package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// missedMost bounds the pokes remembered for jobs that are not here yet.
const missedMost = 1 << 14

// scheduler decides which task gets which slot, and starts its run. It alone
// reaches the board, under its lock. Its methods are called by the term's
// loops and, through a run's port, by the runs.
type scheduler struct {
	*plans

	trims *trims
	wake  chan struct{} // something changed: assign again
	begun sync.WaitGroup

	mu    sync.Mutex
	board *board
}

func newScheduler(c Config, deps Deps) *scheduler {
	p := &plans{deps}
	return &scheduler{plans: p, trims: newTrims(c.Trim), wake: make(chan struct{}, 1), board: newBoard(c, p)}
}

// open begins the term: runs end with ctx.
func (s *scheduler) open(ctx context.Context, delivered uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.delivered = delivered
	s.board.begin = func(it *item, t run.Task) {
		it.run = run.New(&s.deps.Runs, s, t)
		s.begun.Go(func() {
			it.run.Do(ctx)
			s.leave(it)
		})
	}
}

// close ends the term: a late poke starts nothing that nobody waits for. It
// waits for the runs.
func (s *scheduler) close() {
	s.mu.Lock()
	s.board.begin = nil
	s.mu.Unlock()
	s.begun.Wait()
}

// kick makes the term assign again.
func (s *scheduler) kick() { tick.Wake(s.wake) }

// enter takes a leased task in.
func (s *scheduler) enter(it *item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.board.enter(it) {
		s.kick()
	}
}

func (s *scheduler) leave(it *item) {
	s.mu.Lock()
	delete(s.board.held, it.lease.Job.ID)
	s.mu.Unlock()
	s.kick()
}

// poke makes the owner of a task read its record again. A task that is not
// leased yet is remembered, so that a cancel need not wait for its turn.
func (s *scheduler) poke(id task.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.board.held[id]
	switch {
	case it == nil:
		if len(s.board.missed) >= missedMost {
			clear(s.board.missed) // those find out at their turn
		}
		s.board.missed[id] = struct{}{}
	case it.run != nil:
		it.run.Nudge()
	case it.announcing:
		it.poked = true
	default:
		s.board.startNow(it)
	}
}

func (s *scheduler) wasPoked(id task.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.board.missed[id]
	delete(s.board.missed, id)
	return ok
}

// leases are all that are held.
func (s *scheduler) leases() []queue.Lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	leases := make([]queue.Lease, 0, len(s.board.held))
	for _, it := range s.board.held {
		leases = append(leases, it.lease)
	}
	return leases
}

func (s *scheduler) refresh(ws []fleet.Member, state *policy.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.slots.refresh(ws, state)
	s.board.rethink(state)
}

// assign gives free slots to those who wait.
func (s *scheduler) assign() {
	now := s.deps.Runs.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.answer(now)
	s.board.assign(now)
}

// tick sums up the load, ends the tasks that waited too long or that nobody
// can pay for, and picks those whose position is to be announced.
func (s *scheduler) tick() (load queue.Load, announce []*item) {
	now := s.deps.Runs.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.service.summarise()
	return s.board.load(now), s.board.announce(now)
}

// announced takes in that a position was written, or that the record has
// changed instead.
func (s *scheduler) announced(it *item, rec *task.Record, rev uint64, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it.announcing = false
	if rec != nil {
		it.rec, it.rev = rec, rev
	}
	if it.poked || changed {
		s.board.startNow(it)
	}
}

// snapshot is the state at a moment.
func (s *scheduler) snapshot(now time.Time) snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board.snapshot(now)
}
