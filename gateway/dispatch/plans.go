package dispatch

import (
	"math"
	"slices"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// plans say which providers may make a task's picture, and which of them can
// be paid.
type plans struct{ deps Deps }

// route is the router's plan for a task, led by the provider of its arm.
func (p *plans) route(j *task.Job) []routing.Step {
	if j.Arm != nil {
		return p.deps.Runs.Router.Led(j.ID, j.Arm.Provider)
	}
	return p.deps.Runs.Router.Plan(j.ID)
}

// Plan is the route of a task that has paid so much, as far as the next call
// can be paid.
func (p *plans) Plan(j *task.Job, paid int64) []routing.Step {
	return p.payable(p.route(j), p.mostFen()-paid, j.Campaign)
}

// payable drops the steps that cost more than a task or today's budgets have
// left. It returns the plan itself when that is none of them.
func (p *plans) payable(steps []routing.Step, fen int64, campaign string) []routing.Step {
	state, now := p.deps.Policy(), p.deps.Runs.Now()
	dear := func(s routing.Step) bool {
		return s.PriceFen > fen || !p.deps.Runs.Accounts.Allows(state, s, campaign, now)
	}
	if !slices.ContainsFunc(steps, dear) {
		return steps
	}
	return slices.DeleteFunc(slices.Clone(steps), dear)
}

// Lacks names whose money is missing when there are providers for a task that
// has paid so much, and money for none; "" otherwise.
func (p *plans) Lacks(j *task.Job, paid int64) fault.Code {
	steps := p.route(j)
	return billing.Lacking(j.Campaign, func(campaign string) bool {
		return len(steps) == 0 || len(p.payable(steps, p.mostFen()-paid, campaign)) > 0
	})
}

// mostFen is what one task may cost.
func (p *plans) mostFen() int64 {
	if p.deps.TaskFen == nil {
		return math.MaxInt64
	}
	if fen := p.deps.TaskFen(); fen > 0 {
		return fen
	}
	return math.MaxInt64
}
