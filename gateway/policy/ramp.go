package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// Ramp moves the tasks of one provider to another in steps. gateway/ramp
// takes the steps and gateway/routing follows them. The last ramp stays after
// its end, so that operators see how it ended.
type Ramp struct {
	From         string     `json:"from"`
	To           string     `json:"to"`
	Steps        []int      `json:"steps"` // percent of From's tasks, rising to 100
	EverySeconds int64      `json:"everySeconds"`
	Floor        float64    `json:"floor"`   // success of To, 0…1, below which it is rolled back
	Samples      int        `json:"samples"` // calls to To that a step needs before it is judged
	Step         int        `json:"step"`    // index of the current one
	StartedAt    time.Time  `json:"startedAt"`
	StepAt       time.Time  `json:"stepAt"` // when the current step began
	End          RampEnd    `json:"end,omitempty"`
	EndedAt      *time.Time `json:"endedAt,omitempty"`
	Why          string     `json:"why,omitempty"` // it ended so
}

// RampEnd is how a ramp ended.
type RampEnd string

// The ends of a ramp; "" while it runs.
const (
	RampDone       RampEnd = "done"
	RampRolledBack RampEnd = "rolled_back"
	RampAborted    RampEnd = "aborted"
)

// Running reports whether the ramp moves tasks now.
func (r *Ramp) Running() bool { return r != nil && r.End == "" }

// Percent is the share of From's tasks that go to To now.
func (r *Ramp) Percent() int {
	if !r.Running() {
		return 0
	}
	return r.Steps[r.Step]
}

// Every is the least time of a step.
func (r *Ramp) Every() time.Duration { return time.Duration(r.EverySeconds) * time.Second }

// Finish ends the ramp.
func (r *Ramp) Finish(end RampEnd, why string, now time.Time) {
	now = now.UTC().Truncate(time.Millisecond)
	r.End, r.Why, r.EndedAt = end, operator.Clip(why), &now
}

const (
	maxRampSteps   = 20
	maxRampEvery   = 7 * 24 * time.Hour
	maxRampSamples = 10_000
)

// check says everything that is wrong with a ramp.
func (r *Ramp) check(f *fault.Fault) *fault.Fault {
	if r == nil {
		return f
	}
	wrong := func(field, detail string) { f = f.At("/ramp/"+field, fault.FieldOutOfRange, detail) }
	if r.From == "" || r.To == "" || r.From == r.To {
		wrong("to", "must be another provider")
	}
	rising := slices.IsSorted(r.Steps) && len(slices.Compact(slices.Clone(r.Steps))) == len(r.Steps)
	if n := len(r.Steps); n == 0 || n > maxRampSteps || !rising || r.Steps[0] < 1 || r.Steps[n-1] != 100 {
		wrong("steps", fmt.Sprintf("must rise from 1 or more to 100 percent, in at most %d steps", maxRampSteps))
	}
	if r.Step < 0 || r.Step >= max(1, len(r.Steps)) {
		wrong("step", "must be one of the steps")
	}
	if r.EverySeconds < 1 || r.EverySeconds > int64(maxRampEvery/time.Second) {
		wrong("everySeconds", "must be a second to a week")
	}
	if !(r.Floor >= 0 && r.Floor <= 1) {
		wrong("floor", "must be 0…1")
	}
	if r.Samples < 1 || r.Samples > maxRampSamples {
		wrong("samples", fmt.Sprintf("must be 1…%d", maxRampSamples))
	}
	return f
}
