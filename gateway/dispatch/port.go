package dispatch

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// The methods of this file, with Plan and Lacks, are the port of the runs.

// Ask queues a run's request for a slot.
func (s *scheduler) Ask(w *run.SlotRequest) {
	s.mu.Lock()
	s.board.ask(w)
	s.mu.Unlock()
	s.kick()
}

// Forget takes a request back, with the slot that nobody has read yet.
func (s *scheduler) Forget(w *run.SlotRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.board.asking, w); i >= 0 {
		s.board.asking = slices.Delete(s.board.asking, i, i+1)
		return
	}
	select {
	case slot := <-w.Answer: // answered meanwhile
		if slot != nil && w.Move == nil {
			s.board.slots.release(slot)
			s.kick()
		}
	default:
	}
}

// Hedge takes a slot for a second call at once, within the hedges' share.
func (s *scheduler) Hedge(w *run.SlotRequest, slow time.Duration) (slot *run.Slot, never bool) {
	now := s.deps.Runs.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.board.wanted(w, now)
	n.stalled = false
	n.steps = slices.DeleteFunc(n.steps, func(p routing.Step) bool { return s.board.health.Slower(p.Name, slow) })
	switch {
	case len(n.steps) == 0:
		return nil, true
	case !s.board.hedges.Allows(now, s.deps.Runs.Router.Config().HedgeBudget):
		return nil, false
	}
	return s.board.slots.take(n, now), false
}

// Begun counts an attempt.
func (s *scheduler) Begun(a task.Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.hedges.Count(a.StartedAt, a.Hedge)
}

// Ended reports what came of a call and takes its slot back, in one step, so
// that no second probe slips in between.
func (s *scheduler) Ended(j *task.Job, slot *run.Slot, begun time.Time, out workerrpc.Outcome, fen int64) billing.Reservation {
	now := s.deps.Runs.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.health.Report(health.Call{
		Lane: lane(slot), Begun: begun, Probe: slot.Probe, Most: slot.Step.MaxConcurrent, InFlight: s.board.slots.providers[slot.Step.Name],
		Task: string(j.ID), Photo: j.Fingerprint,
	}, out, now)
	cost := s.deps.Runs.Accounts.Settle(slot.Price, fen)
	slot.Price = billing.Reservation{}
	s.board.slots.release(slot)
	s.kick()
	return cost
}

// Release takes a slot back.
func (s *scheduler) Release(slot *run.Slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.slots.release(slot)
	s.kick()
}

// Beaten notes that a call was called off, because another one had won.
func (s *scheduler) Beaten(provider string, after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.health.Beaten(provider, after)
}

// Slow is after how long a call is slower than 19 of 20 of its provider's.
func (s *scheduler) Slow(provider string) (after time.Duration, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board.health.Slow(provider)
}

// Movable reports whether a worker could take a slot over, had it room.
func (s *scheduler) Movable(slot *run.Slot, avoid map[string]bool) bool {
	now := s.deps.Runs.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board.slots.movable(slot, avoid, now)
}

// ToHolder moves a slot to the worker that has the picture of an attempt in its
// spool.
func (s *scheduler) ToHolder(slot *run.Slot, id task.ID, number int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board.slots.toHolder(slot, workerrpc.SpoolName(id, number))
}

// Finished learns how long a task took, and forgets its history after a while.
func (s *scheduler) Finished(r *task.Record) {
	if r.State == task.Succeeded && !r.Deleted && r.StartedAt != nil {
		s.mu.Lock()
		s.board.service.Add(r.FinishedAt.Sub(*r.StartedAt))
		s.mu.Unlock()
	}
	if !r.Deleted && r.Version > 2 {
		s.trims.add(r.Session, r.ID)
	}
}
