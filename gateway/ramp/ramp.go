package ramp

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const lookEvery = time.Second

// policies is gateway/policy.
type policies interface {
	State() *policy.State
	Apply(ctx context.Context, edit policy.Edit, change func(*policy.State) error) (policy.Change, error)
}

// Deps are what a Ramp needs.
type Deps struct {
	Policy    policies
	Providers []routing.Provider // as configured
	// Calls reports the calls that the leading dispatcher counted, by provider,
	// and whether this gateway leads. Only the leading gateway moves a switch.
	Calls  func() (calls map[string]Calls, leads bool)
	Logger *slog.Logger
}

// Ramp moves the switch that is in the operator state. Its current step is part
// of that state, so that any gateway can continue. The calls of a step are not:
// each gateway counts them from when it began to watch.
type Ramp struct {
	Deps

	mu   sync.Mutex
	seen *seen // nil while nothing runs
}

// seen is the counts from when the switch and its current step began.
type seen struct {
	started  time.Time
	step     int
	from, to Calls
}

// New makes a Ramp; Run starts it.
func New(d Deps) *Ramp { return &Ramp{Deps: d} }

// Run looks at the switch once a second until ctx ends.
func (r *Ramp) Run(ctx context.Context) error {
	for range tick.AtOnce(ctx, lookEvery) {
		if err := r.look(ctx); err != nil && ctx.Err() == nil {
			r.Logger.Warn("switch of providers not moved", "err", err) // the next look tries again
		}
	}
	return context.Cause(ctx)
}

// look counts calls on every gateway and moves the switch on the leading one.
func (r *Ramp) look(ctx context.Context) error {
	state := r.Policy.State()
	p, leads, from, to := r.count(state.Ramp)
	switch {
	case !leads || !p.Running():
		return nil
	case state.Disabled(p.To):
		return r.move(ctx, p, back, p.To+" was switched off")
	}
	v, why := decide(p, from, to, time.Now())
	err := r.move(ctx, p, v, why)
	r.count(r.Policy.State().Ramp) // the calls of a new step are counted from now
	return err
}

// count returns the calls to the new provider in the current step, and the
// calls to the old one during the whole switch, as far as this gateway saw
// them.
func (r *Ramp) count(p *policy.Ramp) (_ *policy.Ramp, leads bool, from, to Calls) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.Running() {
		r.seen = nil
		return p, false, from, to
	}
	calls, leads := r.Calls()
	from, to = calls[p.From], calls[p.To]
	if r.seen == nil || !r.seen.started.Equal(p.StartedAt) {
		r.seen = &seen{started: p.StartedAt, step: p.Step, from: from, to: to}
	}
	if r.seen.step != p.Step {
		r.seen.step, r.seen.to = p.Step, to
	}
	if calls != nil { // somebody leads
		r.seen.from, r.seen.to = rebased(r.seen.from, from), rebased(r.seen.to, to)
	}
	return p, leads, from.since(r.seen.from), to.since(r.seen.to)
}

// rebased drops a count that is of an earlier term.
func rebased(before, now Calls) Calls {
	if now.Good < before.Good || now.Bad < before.Bad {
		return Calls{}
	}
	return before
}

// Progress is the calls of a running switch until now, as count returns them.
func (r *Ramp) Progress() (from, to Calls) {
	_, _, from, to = r.count(r.Policy.State().Ramp)
	return from, to
}

// move carries out a verdict.
func (r *Ramp) move(ctx context.Context, p *policy.Ramp, v verdict, why string) error {
	switch v {
	case next:
		return r.write(ctx, p, "provider.switch.step", fmt.Sprintf("%d%%: %s", p.Steps[p.Step+1], why), func(s *policy.State) {
			s.Ramp.Step++
			s.Ramp.StepAt = time.Now().UTC().Truncate(time.Millisecond)
		})
	case back:
		return r.write(ctx, p, "provider.switch.rollback", why, func(s *policy.State) {
			s.Ramp.Finish(policy.RampRolledBack, why, time.Now())
		})
	case done:
		if err := r.settle(ctx, p, why); err != nil {
			return err
		}
		return r.write(ctx, p, "provider.switch.done", why, func(s *policy.State) {
			s.Ramp.Finish(policy.RampDone, why, time.Now())
		})
	default:
		return nil
	}
}

// settle gives the weight of the old provider to the new one for good. It is a
// change of its own, so that an operator can undo it and give the old provider
// its tasks back.
func (r *Ramp) settle(ctx context.Context, p *policy.Ramp, why string) error {
	return r.write(ctx, p, "provider.switch.weights", why, func(s *policy.State) {
		configured := routing.Config{Providers: r.Providers}
		from, to := s.Weight(p.From, configured.Step(p.From).Weight), s.Weight(p.To, configured.Step(p.To).Weight)
		none, all := 0, min(policy.MaxWeight, from+to)
		a, b := s.Providers[p.From], s.Providers[p.To]
		a.Weight, b.Weight = &none, &all
		s.Providers[p.From], s.Providers[p.To] = a, b
	})
}

// write applies a change unless the switch has moved since p was read.
func (r *Ramp) write(ctx context.Context, p *policy.Ramp, action, why string, change func(*policy.State)) error {
	edit := policy.Edit{Who: "gateway", Action: action, Subject: p.From + " → " + p.To, Reason: why}
	c, err := r.Policy.Apply(ctx, edit, func(s *policy.State) error {
		if s.Ramp.Running() && s.Ramp.StartedAt.Equal(p.StartedAt) && s.Ramp.Step == p.Step {
			change(s)
		}
		return nil
	})
	if err == nil && !c.Empty() {
		r.Logger.Info("switch of providers moved", "action", action, "from", p.From, "to", p.To, "why", why)
	}
	return err
}
