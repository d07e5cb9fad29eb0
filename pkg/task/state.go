package task

import (
	"fmt"
	"slices"
)

// State is where a task stands. README.md holds the diagram.
type State string

// The states; the last four are terminal and never left.
const (
	Queued    State = "queued"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Canceled  State = "canceled"
	Expired   State = "expired"
)

// Terminal reports whether s is never left.
func (s State) Terminal() bool {
	return s == Succeeded || s == Failed || s == Canceled || s == Expired
}

// next lists the legal steps from s. Running stays Running over retries and
// fallbacks: a new attempt is not a new state.
func (s State) next() []State {
	switch s {
	case Queued:
		return []State{Queued, Running, Succeeded, Failed, Canceled, Expired}
	case Running:
		return []State{Running, Succeeded, Failed, Canceled, Expired}
	default:
		return nil
	}
}

// Event names what a revision tells the streams.
type Event string

// The events of a stream. A revision makes exactly one; Deleted ends a stream
// without an event for the client.
const (
	EventQueued    Event = "queued"
	EventProgress  Event = "progress"
	EventDegraded  Event = "degraded"
	EventSucceeded Event = "succeeded"
	EventFailed    Event = "failed"
	EventCanceled  Event = "canceled"
	EventExpired   Event = "expired"
	EventDeleted   Event = "deleted"
)

// terminalEvent maps a terminal state to its event.
func terminalEvent(s State) Event { return Event(s) }

// To moves the record to s, counts a new version and names its event. Illegal
// steps are refused and change nothing.
func (r *Record) To(s State, e Event) error {
	if r.Deleted || !slices.Contains(r.State.next(), s) {
		return fmt.Errorf("task %s: no step from %s to %s", r.ID, r.State, s)
	}
	if s.Terminal() {
		e = terminalEvent(s)
		r.Queue = nil
	}
	r.State, r.Event = s, e
	r.Version++
	return nil
}
