package dispatch

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/routing"
)

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

// assign gives free slots to waiting tasks in turn.
func (b *board) assign(now time.Time) {
	var refused []appetite
	for free := b.slots.free(); free > 0; free-- {
		var s *run.Slot
		it, ok := b.waiting.Pop(func(it *item) bool {
			plan := b.plans.route(it.lease.Job)
			n := b.need(it, plan, now)
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
			if s = b.slots.take(n, now); s == nil {
				refused = append(refused, a)
			}
			return s != nil
		})
		if !ok {
			return
		}
		b.start(it, s)
	}
}

// need is what a fresh task accepts.
func (b *board) need(it *item, plan []routing.Step, now time.Time) need {
	j, waited := it.lease.Job, now.Sub(it.entered)
	return need{
		steps: b.plans.payable(plan, b.plans.mostFen(), j.Campaign), region: j.Region, campaign: j.Campaign,
		waited: waited, spill: b.config.Spill, stalled: waited >= b.config.Stall,
	}
}

// wanted is what a running task accepts.
func (b *board) wanted(w *run.SlotRequest, now time.Time) need {
	return need{
		steps: w.Steps(), region: w.Job.Region, campaign: w.Job.Campaign, avoid: w.Avoid, rest: w.Rest, attempt: w.Retry,
		waited: now.Sub(w.Entered), spill: b.config.Spill, stalled: now.Sub(w.Asked) >= b.config.Stall,
	}
}

// ask puts a request behind its like: calls that are paid for come first.
func (b *board) ask(w *run.SlotRequest) {
	at := slices.IndexFunc(b.asking, func(other *run.SlotRequest) bool { return other.Move == nil })
	if w.Move == nil || at < 0 {
		at = len(b.asking)
	}
	b.asking = slices.Insert(b.asking, at, w)
}

// answer serves the runs that ask, before new tasks start.
func (b *board) answer(now time.Time) {
	b.asking = slices.DeleteFunc(b.asking, func(w *run.SlotRequest) bool {
		if w.Move != nil {
			if !b.slots.move(w.Move, w.Avoid, now) {
				return false
			}
			w.Answer <- w.Move
			return true
		}
		s := b.slots.take(b.wanted(w, now), now)
		if s == nil && b.plans.Lacks(w.Job, w.Paid) == "" {
			return false
		}
		w.Answer <- s
		return true
	})
}
