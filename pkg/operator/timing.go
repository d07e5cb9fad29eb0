package operator

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// For what a task waits.
const (
	WaitTurn       = "turn"       // others come first
	WaitWorker     = "worker"     // none is there, or none that calls a provider of its plan
	WaitSlot       = "slot"       // all that workers can do at once is done
	WaitBreaker    = "breaker"    // of its providers, which are left alone for a while
	WaitLimit      = "limit"      // of its providers: on calls at once, or on our rate
	WaitProvider   = "provider"   // all are switched off
	WaitBudget     = "budget"     // nothing is left of it
	WaitStore      = "store"      // it takes no pictures
	WaitDispatcher = "dispatcher" // no gateway dispatches
)

// Wait is for what a task waits, and until when where that is known.
type Wait struct {
	For     string     `json:"for"`
	Message string     `json:"message"`
	Until   *time.Time `json:"until,omitempty"`
}

// Timing divides the time of a task from its accept to its end, or until now.
type Timing struct {
	WaitSeconds   float64 `json:"waitSeconds"`   // without a call: for its turn, for workers, between attempts
	VendorSeconds float64 `json:"vendorSeconds"` // at vendors
	OursSeconds   float64 `json:"oursSeconds"`   // the rest of its calls: the photo, label, judging, store
}

// TimingOf divides the time of a task. Calls at the same time count once.
func TimingOf(r *task.Record, now time.Time) Timing {
	end := now
	if r.FinishedAt != nil {
		end = *r.FinishedAt
	} else if r.State.Terminal() {
		end = r.CreatedAt
	}
	var calls, vendor []span
	for _, a := range r.Attempts {
		call := span{a.StartedAt, end}
		if a.EndedAt != nil && a.EndedAt.Before(end) {
			call.to = *a.EndedAt
		}
		calls = append(calls, call)
		vendor = append(vendor, atVendor(a, call))
	}
	all, called, drawn := max(0, end.Sub(r.CreatedAt)), covered(calls), covered(vendor)
	return Timing{
		WaitSeconds: max(0, all-called).Seconds(), VendorSeconds: drawn.Seconds(), OursSeconds: max(0, called-drawn).Seconds(),
	}
}

// atVendor is the part of a call that was spent at the vendor. What a worker
// said of it counts; of a call that it said nothing of, all of it may be.
func atVendor(a task.Attempt, call span) span {
	switch to := call.from.Add(time.Duration(a.VendorMS) * time.Millisecond); {
	case a.Outcome == task.NotSent:
		call.to = call.from
	case a.VendorMS > 0 && to.Before(call.to):
		call.to = to
	}
	return call
}

type span struct{ from, to time.Time }

// covered is how long at least one span lasted.
func covered(spans []span) (all time.Duration) {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var end time.Time
	for _, s := range spans {
		if s.from.Before(end) {
			s.from = end
		}
		if s.to.After(s.from) {
			all += s.to.Sub(s.from)
			end = s.to
		}
	}
	return all
}
