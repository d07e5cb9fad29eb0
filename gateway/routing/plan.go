package routing

import (
	"hash/fnv"
	"slices"
	"sync/atomic"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const mockKind = "mock"

// Router makes plans from the configuration and the operators' switches.
type Router struct {
	config Config
	state  func() *policy.State
	made   atomic.Pointer[plans]
}

// New makes a router; state gives the current policy, never blocks, and gives
// another pointer after every change.
func New(c Config, state func() *policy.State) *Router { return &Router{config: c, state: state} }

// Configured is what the router was made with.
func (r *Router) Configured() Config { return r.config }

// Config is what applies now: what is configured, and on top of it what
// operators have set.
func (r *Router) Config() Config { return r.current().config }

// Step is one provider of a plan.
type Step struct {
	Provider
	Degraded bool // the mock standing in for a configured real model
}

// Plan lists the providers to try, first choice first. It is the same for the
// same task while policy stays the same, and empty when all are switched off.
// Plans are shared: never change one.
func (r *Router) Plan(id task.ID) []Step {
	return r.current().pick(id)
}

// Led is the plan of a task that an experiment gave a provider: that one
// first, whatever its weight, then the others. It is the task's usual plan
// when the provider is switched off or only stands in.
func (r *Router) Led(id task.ID, provider string) []Step {
	p := r.current()
	if led, ok := p.led[provider]; ok {
		return led
	}
	return p.pick(id)
}

func (r *Router) current() *plans {
	state := r.state()
	p := r.made.Load()
	if p == nil || p.state != state {
		p = r.plans(state)
		r.made.Store(p)
	}
	return p
}

// plans are all that one policy allows: one for each first choice, and one
// for each provider that experiments may lead with.
type plans struct {
	state   *policy.State
	config  Config // in force
	choices []choice
	total   int // of the weights
	led     map[string][]Step
}

type choice struct {
	weight int
	steps  []Step
}

// vendors reports whether there are real models, beside which a mock is no
// more than a stand-in.
func vendors(list []Provider) bool {
	return slices.ContainsFunc(list, func(p Provider) bool { return p.Kind != mockKind })
}

func (r *Router) plans(state *policy.State) *plans {
	config, vendors := r.config.with(state.Fallback), vendors(r.config.Providers)
	var all, first, shares, rest []Step
	for _, p := range r.config.Providers {
		if state.Disabled(p.Name) {
			continue
		}
		s := Step{Provider: p, Degraded: vendors && p.Kind == mockKind}
		s.Weight = state.Weight(p.Name, p.Weight)
		if !s.Degraded || config.Mock {
			all = append(all, s)
		}
		if s.Degraded && config.MockShares {
			s.Degraded = false
			all = append(all, s)
		}
	}
	ramped(all, state.Ramp)
	for _, s := range all {
		switch {
		case vendors && s.Kind == mockKind && !s.Degraded:
			shares = append(shares, s)
		case s.Weight > 0 && !s.Degraded:
			first = append(first, s)
		default:
			rest = append(rest, s)
		}
	}
	slices.SortStableFunc(rest, func(a, b Step) int { return a.Rank() - b.Rank() })
	made := choose(first, shares, rest)
	made.state, made.config = state, config
	return made
}

// ramped moves a share of one provider's weight to another while a switch is
// under way and both are in use. Weights count relative to each other, so that
// all may be a hundred times as large.
func ramped(steps []Step, r *policy.Ramp) {
	if !r.Running() {
		return
	}
	at := func(name string) int {
		return slices.IndexFunc(steps, func(s Step) bool { return s.Name == name && !s.Degraded })
	}
	from, to := at(r.From), at(r.To)
	if from < 0 || to < 0 {
		return
	}
	moved := steps[from].Weight * r.Percent()
	for i := range steps {
		steps[i].Weight *= 100
	}
	steps[from].Weight -= moved
	steps[to].Weight += moved
}

// Rank puts stand-ins behind everything else.
func (s Step) Rank() int {
	if s.Degraded {
		return 1
	}
	return 0
}

// choose makes the plans. shares are mocks that some tasks begin with; for the
// others they stand in, if at all.
func choose(first, shares, rest []Step) *plans {
	p := &plans{led: make(map[string][]Step)}
	for i, s := range first {
		steps := slices.Clip(slices.Concat(rotate(first, i), rest))
		p.total += s.Weight
		p.choices = append(p.choices, choice{weight: s.Weight, steps: steps})
		p.led[s.Name] = steps
	}
	for i, s := range rest {
		if !s.Degraded {
			p.led[s.Name] = slices.Clip(slices.Concat(rest[i:i+1], rotate(first, -1), rest[:i], rest[i+1:]))
		}
	}
	for _, s := range shares {
		if s.Weight > 0 {
			others := slices.DeleteFunc(slices.Clone(rest), func(o Step) bool { return o.Name == s.Name })
			p.total += s.Weight
			p.choices = append(p.choices, choice{weight: s.Weight, steps: slices.Clip(slices.Concat([]Step{s}, rotate(first, -1), others))})
		}
	}
	if len(p.choices) == 0 {
		p.total = 1
		p.choices = []choice{{weight: 1, steps: rest}}
	}
	return p
}

// rotate moves the picked step to the front; the others follow heaviest
// first. -1 picks none.
func rotate(steps []Step, i int) []Step {
	heavier := func(a, b Step) int { return b.Weight - a.Weight }
	if i < 0 {
		return slices.SortedStableFunc(slices.Values(steps), heavier)
	}
	out := slices.Concat(steps[i:i+1], steps[:i], steps[i+1:])
	slices.SortStableFunc(out[1:], heavier)
	return out
}

// pick draws the first choice by weight, stable for a task.
func (p *plans) pick(id task.ID) []Step {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	n := int(h.Sum64() % uint64(p.total))
	for _, c := range p.choices {
		if n -= c.weight; n < 0 {
			return c.steps
		}
	}
	return nil
}
