package generate

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// key names an attempt.
type key struct {
	task   task.ID
	number int
}

// state is what followers may know of an attempt.
type state struct {
	progress   int
	stage      string
	vendorTask string
	kept       task.Kept
	outcome    *workerrpc.Outcome
	left       bool // without an outcome: the vendor's work goes on
}

// run is one attempt, running or finished, and its followers' wake-up call.
type run struct {
	key    key
	cancel context.CancelCauseFunc
	until  time.Time // its picture is wanted until then; zero when that is not known

	mu      sync.Mutex
	state   state
	changed chan struct{} // closed at each change, then replaced
	ended   time.Time
	asked   workerrpc.Attempt // what came last: its URLs are good for longest
}

func newRun(a workerrpc.Attempt, cancel context.CancelCauseFunc) *run {
	r := &run{key: key{a.Task, a.Number}, cancel: cancel, changed: make(chan struct{}), asked: a}
	if a.StoreWithin > 0 {
		r.until = time.Now().Add(a.StoreWithin)
	}
	return r
}

// ask takes in that a gateway asks for the attempt again: the one before may be
// gone, and its URLs with it.
func (r *run) ask(a workerrpc.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.ImageURL != "" {
		r.asked = a
	}
}

// addresses are where its picture is to be stored, as of now.
func (r *run) addresses() workerrpc.Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// update changes the state and wakes the followers. Progress never falls.
func (r *run) update(change func(*state)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.state.progress
	change(&r.state)
	r.state.progress = max(before, r.state.progress)
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *run) snapshot() (state, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state, r.changed
}

// end publishes the outcome, once and for all.
func (r *run) end(o workerrpc.Outcome) { r.over(func(s *state) { s.outcome = &o }) }

// leave ends the run without one.
func (r *run) leave() { r.over(func(s *state) { s.left = true }) }

func (r *run) over(change func(*state)) {
	r.update(change)
	r.mu.Lock()
	r.ended = time.Now()
	r.mu.Unlock()
}

// endedAt is when the run ended, zero while it goes on.
func (r *run) endedAt() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// follow sends what changes until the outcome is sent or ctx ends, and a
// heartbeat whenever nothing changed for a while.
func (r *run) follow(ctx context.Context, heartbeat time.Duration, send func(workerrpc.Update) error) error {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var sent state
	for {
		now, changed := r.snapshot()
		if u := sent.diff(now); u != (workerrpc.Update{}) {
			if err := send(u); err != nil {
				return err
			}
		}
		if now.outcome != nil {
			return nil
		}
		if now.left {
			return fault.New(fault.AttemptUnknown)
		}
		sent = now
		select {
		case <-changed:
		case <-tick.C:
			if err := send(workerrpc.Update{}); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// diff is what a follower who knows s has to be told.
func (s state) diff(now state) workerrpc.Update {
	u := workerrpc.Update{Outcome: now.outcome}
	if now.progress != s.progress {
		u.Progress = now.progress
	}
	if now.stage != s.stage {
		u.Stage = now.stage
	}
	if now.vendorTask != s.vendorTask {
		u.VendorTask = now.vendorTask
	}
	if now.kept != s.kept {
		u.Kept = now.kept
	}
	return u
}
