package admin

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/ramp"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

const (
	usualFloor   = 0.9
	usualSamples = 20
)

func (s *Server) showSwitch(*http.Request) (any, error) {
	r := s.deps.Policy.State().Ramp
	if r == nil {
		return operator.Switch{State: operator.SwitchNone}, nil
	}
	out := operator.Switch{
		State: string(r.End), From: r.From, To: r.To, Steps: r.Steps, EverySeconds: r.EverySeconds, Floor: r.Floor, Samples: r.Samples,
		Step: r.Step + 1, Percent: r.Percent(), StartedAt: r.StartedAt, StepAt: r.StepAt, EndedAt: r.EndedAt, Why: r.Why,
	}
	if r.Running() {
		out.State, out.NextAt = operator.SwitchRunning, r.StepAt.Add(r.Every())
		from, to := s.deps.Ramp.Progress()
		out.FromCalls, out.ToCalls = switchCalls(from), switchCalls(to)
	}
	return out, nil
}

func switchCalls(c ramp.Calls) operator.SwitchCalls {
	out := operator.SwitchCalls{Calls: c.All()}
	if out.Calls > 0 {
		share := c.Share()
		out.Success = &share
	}
	return out
}

func (s *Server) startSwitch(r *http.Request, start operator.SwitchStart) (any, error) {
	from, to, err := s.switched(start)
	if err != nil {
		return nil, err
	}
	next := policy.Ramp{From: start.From, To: start.To, Steps: start.Steps, EverySeconds: start.EverySeconds, Floor: usualFloor, Samples: start.Samples}
	if start.Floor != nil {
		next.Floor = *start.Floor
	}
	if next.Samples == 0 {
		next.Samples = usualSamples
	}
	next.StartedAt = time.Now().UTC().Truncate(time.Millisecond)
	next.StepAt = next.StartedAt
	plan, err := s.plan(r.Context(), next, from, to)
	if err != nil {
		return nil, err
	}
	change, err := s.change(r, "provider.switch", from.Name+" → "+to.Name, func(state *policy.State) error {
		return begin(state, next, from, to)
	})
	if err != nil {
		return nil, err
	}
	plan.Change = change.(operator.Change)
	return plan, nil
}

// switched finds the two providers of a switch.
func (s *Server) switched(start operator.SwitchStart) (from, to routing.Provider, err error) {
	if from, err = s.provider(start.From); err != nil {
		return from, to, err
	}
	if to, err = s.provider(start.To); err != nil {
		return from, to, err
	}
	if (from.Kind == "mock") != (to.Kind == "mock") {
		return from, to, invalid("/to", "the mock only stands in for real models and has no share of their tasks")
	}
	return from, to, nil
}

// begin writes a switch into the state, if it can work and none is under way.
func begin(state *policy.State, next policy.Ramp, from, to routing.Provider) error {
	f := fault.New(fault.PolicyInvalid)
	switch {
	case state.Ramp.Running():
		return fault.New(fault.SwitchRunning).With("from", state.Ramp.From).With("to", state.Ramp.To)
	case state.Disabled(from.Name) || state.Weight(from.Name, from.Weight) == 0:
		return f.At("/from", fault.FieldIdle, from.Name+" has no share of the tasks to give")
	case state.Disabled(to.Name):
		return f.At("/to", fault.FieldDisabled, to.Name+" is switched off")
	}
	state.Ramp = &next
	return nil
}

// plan tells what a switch would do. The rate is today's: what was paid for at
// the old provider since midnight in Shanghai, or in an hour if that is longer.
func (s *Server) plan(ctx context.Context, next policy.Ramp, from, to routing.Provider) (operator.SwitchPlan, error) {
	p := operator.SwitchPlan{InFlight: s.deps.Dispatch.Status().InFlight[from.Name]}
	costs, err := s.deps.Dispatch.Costs(ctx, 1)
	if err != nil {
		return p, err
	}
	paid := int64(0)
	for _, c := range costs {
		if c.Provider == from.Name {
			paid += c.OK + c.Unknown
		}
	}
	p.PerDay = float64(paid) * float64(24*time.Hour) / float64(max(time.Hour, next.StartedAt.Sub(shanghai.Midnight(next.StartedAt))))
	for i, percent := range next.Steps {
		p.Steps = append(p.Steps, operator.SwitchStep{
			Percent: percent, At: next.StartedAt.Add(time.Duration(i) * next.Every()),
			FenPerDay: int64(math.Round(p.PerDay * float64(percent) / 100 * float64(to.PriceFen-from.PriceFen))),
		})
	}
	return p, nil
}

func (s *Server) abortSwitch(r *http.Request) (any, error) {
	last := s.deps.Policy.State().Ramp
	if !last.Running() {
		return nil, fault.New(fault.SwitchNotRunning)
	}
	return s.change(r, "provider.switch.abort", last.From+" → "+last.To, func(state *policy.State) error {
		if !state.Ramp.Running() {
			return fault.New(fault.SwitchNotRunning)
		}
		state.Ramp.Finish(policy.RampAborted, spoken(r, operator.HeaderReason), time.Now())
		return nil
	})
}
