package routing

import (
	"hash/fnv"
	"slices"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const mockKind = "mock"

// Router makes plans from the configuration and the operators' switches.
type Router struct {
	config Config
	state  func() *policy.State
}

// New makes a router; state gives the current policy and never blocks.
func New(c Config, state func() *policy.State) *Router { return &Router{config: c, state: state} }

// Config is what the router was made with.
func (r *Router) Config() Config { return r.config }

// Step is one provider of a plan.
type Step struct {
	Provider
	Degraded bool // the mock standing in for a configured real model
}

// Plan lists the providers to try, first choice first. It is the same for the
// same task while policy stays the same, and empty when all are switched off.
func (r *Router) Plan(id task.ID) []Step {
	real := r.realModel()
	var first, rest []Step
	for _, p := range r.config.Providers {
		if w := r.weight(p); r.enabled(p) {
			s := Step{Provider: p, Degraded: real && p.Kind == mockKind}
			s.Weight = w
			switch {
			case s.Degraded && !r.config.Mock:
			case w > 0 && !s.Degraded:
				first = append(first, s)
			default:
				rest = append(rest, s)
			}
		}
	}
	slices.SortStableFunc(rest, func(a, b Step) int { return rank(a) - rank(b) })
	return append(rotate(first, pick(first, id)), rest...)
}

// rank puts stand-ins behind everything else.
func rank(s Step) int {
	if s.Degraded {
		return 1
	}
	return 0
}

func (r *Router) realModel() bool {
	return slices.ContainsFunc(r.config.Providers, func(p Provider) bool { return p.Kind != mockKind })
}

func (r *Router) enabled(p Provider) bool { return !r.state().Providers[p.Name].Disabled }

func (r *Router) weight(p Provider) int {
	if w := r.state().Providers[p.Name].Weight; w != nil {
		return *w
	}
	return p.Weight
}

// pick draws the first choice by weight, stable for a task.
func pick(steps []Step, id task.ID) int {
	total := 0
	for _, s := range steps {
		total += s.Weight
	}
	if total == 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	n := int(h.Sum64() % uint64(total))
	for i, s := range steps {
		if n -= s.Weight; n < 0 {
			return i
		}
	}
	return 0
}

// rotate moves the picked step to the front; the others follow heaviest
// first.
func rotate(steps []Step, i int) []Step {
	if len(steps) == 0 {
		return nil
	}
	out := append([]Step{steps[i]}, slices.Delete(slices.Clone(steps), i, i+1)...)
	slices.SortStableFunc(out[1:], func(a, b Step) int { return b.Weight - a.Weight })
	return out
}
