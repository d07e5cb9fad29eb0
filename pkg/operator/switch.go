package operator

import (
	"context"
	"net/http"
	"time"
)

// Switch is the last move of one provider's tasks to another in steps.
type Switch struct {
	State        string      `json:"state"` // none, running, done, rolled_back, aborted
	From         string      `json:"from,omitempty"`
	To           string      `json:"to,omitempty"`
	Steps        []int       `json:"steps,omitempty"` // percent of From's tasks
	EverySeconds int64       `json:"everySeconds,omitempty"`
	Floor        float64     `json:"floor"`             // success below which it is rolled back
	Samples      int         `json:"samples,omitempty"` // calls that a step needs
	Step         int         `json:"step,omitempty"`    // the current one, or the last: 1, 2 …
	Percent      int         `json:"percent"`           // of From's tasks that go to To now
	StartedAt    time.Time   `json:"startedAt,omitzero"`
	StepAt       time.Time   `json:"stepAt,omitzero"`
	NextAt       time.Time   `json:"nextAt,omitzero"` // of the next step, or the end, if enough calls have come by then
	EndedAt      *time.Time  `json:"endedAt,omitempty"`
	Why          string      `json:"why,omitempty"` // it ended so
	FromCalls    SwitchCalls `json:"fromCalls"`     // since the switch began
	ToCalls      SwitchCalls `json:"toCalls"`       // since the step began
}

// The states of a Switch.
const (
	SwitchNone       = "none"
	SwitchRunning    = "running"
	SwitchDone       = "done"
	SwitchRolledBack = "rolled_back"
	SwitchAborted    = "aborted"
)

// SwitchCalls counts calls to one provider since this gateway first saw the
// switch or its step. Calls that say nothing of the provider, such as canceled
// ones, are left out.
type SwitchCalls struct {
	Calls   int64    `json:"calls"`
	Success *float64 `json:"success,omitempty"` // nil before the first
}

// SwitchStart begins a switch.
type SwitchStart struct {
	From         string   `json:"from"`
	To           string   `json:"to"`
	Steps        []int    `json:"steps"`
	EverySeconds int64    `json:"everySeconds"`
	Floor        *float64 `json:"floor,omitempty"`   // nil: 0.9
	Samples      int      `json:"samples,omitempty"` // 0: 20
}

// SwitchPlan is what a switch will do, and what it changes.
type SwitchPlan struct {
	Change   Change       `json:"change"`
	InFlight int          `json:"inFlight"` // calls at From; they end there
	PerDay   float64      `json:"perDay"`   // calls to From that are paid for, at today's rate
	Steps    []SwitchStep `json:"steps"`
}

// SwitchStep is one step of a plan.
type SwitchStep struct {
	Percent   int       `json:"percent"`
	At        time.Time `json:"at"`        // the earliest
	FenPerDay int64     `json:"fenPerDay"` // more than now, at today's rate
}

// Switch shows the last switch and how it does.
func (c *Client) Switch(ctx context.Context) (Switch, error) {
	return ask[Switch](ctx, c, request{method: http.MethodGet, path: "/switch"})
}

// StartSwitch begins one.
func (c *Client) StartSwitch(ctx context.Context, s SwitchStart, e Edit) (SwitchPlan, error) {
	return ask[SwitchPlan](ctx, c, request{method: http.MethodPost, path: "/switch", edit: &e, body: s})
}

// AbortSwitch ends a running one: the old provider gets its tasks again.
func (c *Client) AbortSwitch(ctx context.Context, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/switch/abort", edit: &e})
}
