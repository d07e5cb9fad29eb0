package dispatch

import (
	"context"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// place gives free slots to waiting tasks whenever something changed. It
// begins when the calls of the term before hold their slots again, so that no
// worker or provider is given more than it may have.
func (l *lead) place(ctx context.Context) {
	late := time.NewTimer(recoverMost)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return
	case <-l.recovered:
	case <-late.C:
		l.Logger.Warn("placing begins before all jobs are back")
	}
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for changed := l.refresh(); ; {
		l.assign(ctx)
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-changed:
			changed = l.refresh()
		case <-tick.C:
			changed = l.refresh()
			l.tick(ctx)
		}
	}
}

// refresh reads the fleet and the operators' switches, and returns what tells
// of the fleet's next change.
func (l *lead) refresh() <-chan struct{} {
	changed := l.Fleet.Changed() // first: a change between the two is not lost
	workers, state := l.Fleet.Workers(), l.Policy()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slots.refresh(workers, state)
	return changed
}

// appetite is all that decides whether a fresh task finds a slot. In one pass
// slots only become fewer, so what was refused once is refused to all alike.
type appetite struct {
	plan     *routing.Step // the router's, shared by all tasks that have it
	payable  int           // so many of its steps
	campaign string
	region   string
	patient  bool // it may still wait for its first choice
	stalled  bool
}

func (l *lead) assign(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.answer(now)
	var refused []appetite
	for free := l.slots.free(); free > 0; free-- {
		var s *slot
		it, ok := l.waiting.Pop(func(it *item) bool {
			plan := l.route(it.lease.Job)
			n := l.need(it, plan, now)
			if len(n.steps) == 0 {
				return false
			}
			a := appetite{
				plan: &plan[0], payable: len(n.steps), campaign: n.campaign,
				region: n.region, patient: n.waited < n.spill, stalled: n.stalled,
			}
			if slices.Contains(refused, a) {
				return false
			}
			if s = l.slots.take(n, now); s == nil {
				refused = append(refused, a)
			}
			return s != nil
		})
		if !ok {
			return
		}
		l.start(ctx, it, s)
	}
}

func (l *lead) need(it *item, plan []routing.Step, now time.Time) need {
	waited := now.Sub(it.entered)
	return need{
		steps: l.payable(plan, l.mostFen(), it.lease.Job.Campaign), region: it.lease.Job.Region, campaign: it.lease.Job.Campaign,
		waited: waited, spill: l.config.Spill, stalled: waited >= l.config.Stall,
	}
}

// route is the router's plan for a task, led by the provider of its arm.
func (l *lead) route(j *task.Job) []routing.Step {
	if j.Arm != nil {
		return l.Router.Led(j.ID, j.Arm.Provider)
	}
	return l.Router.Plan(j.ID)
}

// payable drops the steps that cost more than a task or today's budgets have
// left; the plan itself when there are none.
func (l *lead) payable(steps []routing.Step, fen int64, campaign string) []routing.Step {
	state, now := l.Policy(), time.Now()
	dear := func(s routing.Step) bool { return s.PriceFen > fen || !l.accounts.Allows(state, s, campaign, now) }
	if !slices.ContainsFunc(steps, dear) {
		return steps
	}
	return slices.DeleteFunc(slices.Clone(steps), dear)
}

// broke reports whether there are providers for a task that has paid so much,
// and money for none.
func (l *lead) broke(j *task.Job, paid int64) bool { return l.lacks(j, paid) != "" }

// lacks names whose money is missing then.
func (l *lead) lacks(j *task.Job, paid int64) (code fault.Code) {
	steps := l.route(j)
	return billing.Lacking(j.Campaign, func(campaign string) bool {
		return len(steps) == 0 || len(l.payable(steps, l.mostFen()-paid, campaign)) > 0
	})
}

// answer serves calls that are paid for first, and running tasks that fall
// back before new ones start. The caller holds the lock.
func (l *lead) answer(now time.Time) {
	l.moving = slices.DeleteFunc(l.moving, func(f *flight) bool {
		moved := l.slots.move(f.seat, f.avoid, now)
		if moved {
			signal(f.moved)
		}
		return moved
	})
	left := l.asking[:0]
	for _, w := range l.asking {
		if s := l.slots.take(w.need(now), now); s != nil {
			w.slot <- s
		} else {
			left = append(left, w)
			if l.broke(w.job, w.paid) {
				w.nudge()
			}
		}
	}
	clear(l.asking[len(left):])
	l.asking = left
}

// ask queues a running task for another slot; forget takes that back.
func (l *lead) ask(w *walk) {
	l.mu.Lock()
	w.asked = time.Now()
	l.asking = append(l.asking, w)
	l.mu.Unlock()
	l.kick()
}

func (l *lead) forget(w *walk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.asking, w); i >= 0 {
		l.asking = slices.Delete(l.asking, i, i+1)
		return
	}
	select {
	case s := <-w.slot: // answered meanwhile
		l.slots.release(s)
		l.kick()
	default:
	}
}

// landed reports what came of a call and gives its slot back, in one step, so
// that no second probe slips in between.
func (l *lead) landed(s *slot, a task.Attempt, out workerrpc.Outcome) (cost billing.Reservation) {
	now := time.Now()
	l.mu.Lock()
	l.health.Report(health.Call{
		Lane: s.lane(), Begun: a.StartedAt, Probe: s.probe, Most: s.step.MaxConcurrent, InFlight: l.slots.providers[s.step.Name],
	}, out, now)
	cost = l.accounts.Settle(s.price, price(a, out))
	s.price = billing.Reservation{}
	l.slots.release(s)
	l.mu.Unlock()
	l.kick()
	return cost
}

func (l *lead) release(s *slot) {
	if s == nil {
		return
	}
	l.mu.Lock()
	l.slots.release(s)
	l.mu.Unlock()
	l.kick()
}
