package run

import (
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// port is all that a run may ask of the scheduler. A run never calls it with
// a lock of its own held.
type port interface {
	// Plan lists the providers for a task that has paid so much, as far as
	// today's budgets and the task's own limit pay for one more call.
	Plan(j *task.Job, paid int64) []routing.Step
	// Lacks names whose money is spent when there are providers for a task,
	// and money for none of them; it is "" otherwise.
	Lacks(j *task.Job, paid int64) fault.Code

	// Ask waits for a slot; Forget ends the wait, whatever has come of it.
	Ask(w *SlotRequest)
	Forget(w *SlotRequest)
	// Hedge returns a slot for a call beside one that has taken so long
	// already, nil when there is none now. It reports never when no provider
	// would be quicker.
	Hedge(w *SlotRequest, slow time.Duration) (s *Slot, never bool)
	// Begun notes an attempt that was written.
	Begun(a task.Attempt)
	// Ended notes the outcome of a task's call and takes its slot back. It
	// returns what the call has cost, which stays reserved until it is booked.
	Ended(j *task.Job, s *Slot, begun time.Time, out workerrpc.Outcome, fen int64) billing.Reservation
	// Release takes a slot back whose call says nothing.
	Release(s *Slot)
	// Beaten notes that a call was called off after so long for another one.
	Beaten(provider string, after time.Duration)
	// Slow is after how long a call is slower than nearly all of its provider's.
	Slow(provider string) (after time.Duration, known bool)
	// Movable reports whether another worker could take a slot, had it room.
	Movable(s *Slot, avoid map[string]bool) bool
	// ToHolder moves a slot to the worker that has the picture of an attempt in
	// its spool, and reports whether there is one.
	ToHolder(s *Slot, id task.ID, number int) bool
	// Finished notes a task that is settled and booked.
	Finished(r *task.Record)
}

// Slot is the room for one call at a worker and a provider.
type Slot struct {
	Worker, Address, Region string
	Step                    routing.Step
	Probe                   bool                // asks whether the provider is back
	Price                   billing.Reservation // of the call
}

// SlotRequest is what a task accepts for its next call. What it refers to stays as
// it is while it waits.
type SlotRequest struct {
	Job     *task.Job
	Paid    int64
	Steps   func() []routing.Step // in the order of preference, at the moment
	Avoid   map[string]bool       // workers that failed it
	Rest    map[string]time.Time  // providers that failed it, until when it leaves them alone
	Retry   bool                  // a call failed before: any real model will do
	Entered time.Time             // when the task was leased
	Asked   time.Time
	Move    *Slot // give this one another worker instead of a new one

	// Answer gets the slot, or nil when nobody has money for the next call.
	Answer chan *Slot
}
