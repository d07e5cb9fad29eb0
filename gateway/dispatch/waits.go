package dispatch

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Waits says for what a task waits that has no call in flight, and until when
// where that is known; nil for one that does not wait. Any gateway can say it,
// by what the leader tells all of them.
func (d *Dispatcher) Waits(r *task.Record) *operator.Wait {
	if r.Deleted || r.State.Terminal() || r.Running() != nil {
		return nil
	}
	now := d.deps.Runs.Now()
	s := scene{state: d.deps.Policy(), workers: d.deps.Fleet.Workers(), known: d.Status().Known}
	p, j := plans{d.deps}, &task.Job{ID: r.ID, Arm: r.Arm, Campaign: r.Campaign}
	plan := p.route(j)
	switch {
	case !d.Led():
		return &operator.Wait{For: operator.WaitDispatcher, Message: "no gateway dispatches"}
	case s.known.Hold != "":
		return &operator.Wait{For: operator.WaitStore, Message: fmt.Sprintf("the store takes no pictures (%s)", s.known.Hold)}
	case s.usable() == 0:
		return &operator.Wait{For: operator.WaitWorker, Message: s.nobody()}
	case len(plan) == 0:
		return &operator.Wait{For: operator.WaitProvider, Message: "every provider is switched off"}
	}
	most, affords := p.mostFen(), d.affords(s.state, d.latest(now), now)
	payable := slices.DeleteFunc(slices.Clone(plan), func(st routing.Step) bool { return st.PriceFen > most || !affords(st, r.Campaign) })
	if len(payable) == 0 {
		return broke(r, plan, most, affords, now)
	}
	w := s.waits(payable)
	if stalls := r.CreatedAt.Add(d.config.Stall); w.Until != nil && stalls.After(now) && stalls.Before(*w.Until) {
		w.Until = &stalls // it is tried all the same then
	}
	return w
}

// broke is a task whose providers nobody can pay today.
func broke(r *task.Record, plan []routing.Step, most int64, affords func(routing.Step, string) bool, now time.Time) *operator.Wait {
	if !slices.ContainsFunc(plan, func(st routing.Step) bool { return st.PriceFen <= most }) && most != math.MaxInt64 {
		return &operator.Wait{For: operator.WaitBudget, Message: fmt.Sprintf("every provider costs more than limits.taskFen (%d fen)", most)}
	}
	code := billing.Lacking(r.Campaign, func(campaign string) bool {
		return slices.ContainsFunc(plan, func(st routing.Step) bool { return affords(st, campaign) })
	})
	midnight := shanghai.NextMidnight(now)
	return &operator.Wait{For: operator.WaitBudget, Message: "nothing is left of today's budget (" + string(code) + ")", Until: &midnight}
}

func (s scene) usable() (capacity int) {
	for _, w := range s.workers {
		if !w.Draining && !s.state.Workers[w.ID].Drain {
			capacity += w.Capacity
		}
	}
	return capacity
}

func (s scene) nobody() string {
	if len(s.workers) == 0 {
		return "no worker is there"
	}
	return "every worker is drained or stops"
}

// waits is for what the providers of a plan are waited for, the nearest first.
func (s scene) waits(plan []routing.Step) *operator.Wait {
	var reasons []string
	w := &operator.Wait{}
	for _, step := range plan {
		kind, why, until := s.obstacle(step.Provider)
		if kind == "" {
			return &operator.Wait{For: operator.WaitTurn, Message: "it is its turn soon at " + step.Name}
		}
		reasons = append(reasons, step.Name+" "+why)
		switch {
		case w.For == "", kind == operator.WaitSlot: // a slot is soon free
			w.For, w.Until = kind, cmp.Or(until, w.Until)
		case until != nil && (w.Until == nil || until.Before(*w.Until)):
			w.For, w.Until = kind, until
		}
	}
	w.Message = strings.Join(reasons, "; ")
	return w
}

// obstacle is why a provider takes no call now; "" when it may.
func (s scene) obstacle(p routing.Provider) (kind, why string, until *time.Time) {
	at, does := s.standing(p), s.known.Providers[p.Name]
	switch at.State {
	case ProviderLonely:
		return operator.WaitWorker, "has no worker" + in(p.Region), nil
	case ProviderOpen:
		if s.shut(p) {
			return operator.WaitBreaker, "is " + at.Reason, at.Until
		}
	case ProviderResting:
		return operator.WaitLimit, "limits our rate" + words(at.Reason), at.Until
	case ProviderProbing:
		if does.InFlight > 0 {
			return operator.WaitBreaker, "is tried with one call" + words(at.Reason), nil
		}
	}
	most := p.MaxConcurrent
	if does.Window > 0 {
		most = does.Window
	}
	if most > 0 && does.InFlight >= most {
		return operator.WaitLimit, fmt.Sprintf("has all of its %d calls in flight", most), nil
	}
	if busy, room := s.room(p); busy >= room {
		return operator.WaitSlot, fmt.Sprintf("has no free slot at its workers (%d of %d are taken)", busy, room), nil
	}
	return "", "", nil
}

// room is how many calls the workers of a provider can make, and how many all
// providers have in flight there.
func (s scene) room(p routing.Provider) (busy, room int) {
	for _, w := range s.workers {
		if !w.Draining && !s.state.Workers[w.ID].Drain && offers(w, routing.Step{Provider: p}) {
			room += w.Capacity
			busy += min(w.InFlight, w.Capacity)
		}
	}
	return busy, room
}
