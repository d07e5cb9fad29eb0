package payments

import (
	"fmt"
	"slices"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Judge says what in a record is outside policy. doublePaid is the fen that
// policy allowed to go on with after unknown outcomes; unknown is the value of
// fallback.unknown.
func Judge(t operator.Task, unknown string) (faults []string, doublePaid int64) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for i, a := range t.Attempts {
		if a.Number != i+1 {
			say("attempt %d stands at place %d", a.Number, i+1)
		}
		if t.State.Terminal() && a.Outcome == "" {
			say("attempt %d of a task that ended has no outcome", a.Number)
		}
		if a.Hedge && (i == 0 || t.Attempts[i-1].Hedge) {
			say("attempt %d hedges a hedge", a.Number)
		}
		if !slices.ContainsFunc(t.Attempts[i+1:], func(b task.Attempt) bool { return !b.Hedge }) {
			continue // a hedge runs beside it and is no consequence of it
		}
		switch {
		case a.Outcome == "", a.Outcome == task.OK, a.Class == task.ClassContent, a.Class == task.ClassCanceled:
			say("attempt %d (%s %s) was followed by another", a.Number, a.Outcome, a.Class)
		case a.Outcome == task.Unknown && a.PriceFen > 0 && unknown != "next":
			say("attempt %d may have been paid and was followed by another, but fallback.unknown is %s", a.Number, unknown)
		case a.Outcome == task.Unknown:
			doublePaid += a.PriceFen
		}
	}
	if t.State == task.Succeeded && !t.Cached {
		if !slices.ContainsFunc(t.Attempts, func(a task.Attempt) bool { return a.Outcome == task.OK }) {
			say("it succeeded without a good attempt")
		}
	}
	return faults, doublePaid
}
