package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/deploy/torture/payments"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// evidence is what records, vendors and ledger say after an arm.
type evidence struct {
	tasks []operator.Task
	lost  []string // wishes that were not accepted
	books map[string]double.Books
	costs []operator.Cost
}

// result is what came of an arm.
type result struct {
	arm       arm
	refused   int // for content or input
	succeeded int
	lost      []string // neither
	attempts  int
	hedges    int
	paidFen   int64 // also what may have been billed
	doubleFen int64 // of it, what policy let go on after unknown outcomes
	outside   []string

	took     []time.Duration            // successes
	overhead []time.Duration            // of them
	paths    map[string][]time.Duration // the same by path
	tallies  []tally                    // of the vendors
	others   float64                    // processors that other programs used
}

// The paths of a success.
const (
	pathFirst    = "first call"
	pathBeside   = "first call, hedged"
	pathHedge    = "hedge"
	pathFallback = "fallback"
)

func judge(a arm, e evidence) result {
	r := result{arm: a, lost: e.lost, paths: map[string][]time.Duration{}}
	for _, t := range e.tasks {
		faults, fen := payments.Judge(t, a.fallback.Unknown)
		for _, f := range faults {
			r.say("task %s: %s", t.TaskID, f)
		}
		r.doubleFen += fen
		r.attempts += len(t.Attempts)
		for _, at := range t.Attempts {
			if at.Hedge {
				r.hedges++
			}
		}
		switch {
		case t.State == task.Succeeded && !t.Degraded && !t.Cached:
			r.success(t)
		case t.Failure != nil && (t.Failure.Kind == fault.Unprocessable.String() || t.Failure.Kind == fault.Invalid.String()):
			r.refused++
		default:
			r.lost = append(r.lost, fmt.Sprintf("task %s: %s%s", t.TaskID, t.State, why(t)))
		}
	}
	if most := a.fallback.DoublePayFenPerDay; r.doubleFen > most {
		r.say("%d fen went on after unknown outcomes, policy allows %d", r.doubleFen, most)
	}
	for _, v := range a.vendors {
		r.compare(v, e)
	}
	return r
}

func (r *result) say(format string, args ...any) {
	r.outside = append(r.outside, fmt.Sprintf(format, args...))
}

func why(t operator.Task) (text string) {
	if t.Failure != nil {
		text = " " + string(t.Failure.Code)
	}
	for _, a := range t.Attempts {
		text += fmt.Sprintf("; %s %s %s %s", a.Provider, a.Outcome, a.Class, a.Code)
	}
	return text
}

// success measures a task that has its picture.
func (r *result) success(t operator.Task) {
	r.succeeded++
	took := t.FinishedAt.Sub(t.CreatedAt)
	r.took = append(r.took, took)
	r.overhead = append(r.overhead, took-atVendors(t))
	r.paths[path(t)] = append(r.paths[path(t)], took)
}

// path is the way in which a task got its picture.
func path(t operator.Task) string {
	won := slices.IndexFunc(t.Attempts, func(a task.Attempt) bool { return a.Outcome == task.OK && !a.EndedAt.After(*t.FinishedAt) })
	hedged := slices.ContainsFunc(t.Attempts, func(a task.Attempt) bool { return a.Hedge })
	switch {
	case won >= 0 && t.Attempts[won].Hedge:
		return pathHedge
	case won == 0 && hedged:
		return pathBeside
	case won == 0:
		return pathFirst
	default:
		return pathFallback
	}
}

// atVendors is the part of a task's time in which a vendor worked for it:
// calls that ran at once count once, and what one took after the end does not
// count. What is left is our overhead: waiting for a slot, dispatch, the wire,
// pauses between attempts, labels and the store.
func atVendors(t operator.Task) (sum time.Duration) {
	type span struct{ from, to time.Time }
	var spans []span
	for _, a := range t.Attempts {
		to := a.StartedAt.Add(time.Duration(a.VendorMS) * time.Millisecond)
		if to.After(*t.FinishedAt) {
			to = *t.FinishedAt
		}
		spans = append(spans, span{a.StartedAt, to})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	until := t.CreatedAt
	for _, s := range spans {
		if s.from.Before(until) {
			s.from = until
		}
		if s.to.After(s.from) {
			sum, until = sum+s.to.Sub(s.from), s.to
		}
	}
	return sum
}

// tally is what both sides counted of one vendor.
type tally struct {
	name                         string
	asked, ok, refused, unsure   int // attempts in our records: that reached it, and how they ended
	submissions, billed, paidFen int64
}

// compare compares the vendor's own count with the records and the ledger.
func (r *result) compare(v vendor, e evidence) {
	y := tally{name: v.name, submissions: e.books[v.name].Submissions, billed: e.books[v.name].Billed}
	all := 0
	for _, t := range e.tasks {
		for _, a := range t.Attempts {
			if a.Provider != v.name {
				continue
			}
			all++
			y.paidFen += a.PriceFen
			switch cmp.Or(a.Outcome, task.Unknown) {
			case task.NotSent:
				continue
			case task.OK:
				y.ok++
			case task.Unknown:
				y.unsure++
			default:
				y.refused++
			}
			y.asked++
		}
	}
	var ledger operator.Cost
	for _, c := range e.costs {
		if c.Provider == v.name {
			ledger.Attempts += c.Attempts
			ledger.ChargedFen += c.SpentFen()
		}
	}
	r.tallies = append(r.tallies, y)
	r.paidFen += y.paidFen
	if int64(y.asked) != y.submissions {
		r.say("%s counts %d submissions, the records %d", v.name, y.submissions, y.asked)
	}
	if y.billed < int64(y.ok) || y.billed > int64(y.ok+y.unsure) { // nobody knows of a call that broke off
		r.say("%s bills %d pictures, the records have %d, and %d that may have been billed", v.name, y.billed, y.ok, y.unsure)
	}
	if ledger.Attempts != int64(all) || ledger.ChargedFen != y.paidFen {
		r.say("%s: the ledger has %d attempts and %d fen, the records %d and %d", v.name, ledger.Attempts, ledger.ChargedFen, all, y.paidFen)
	}
	if y.billed*priceFen > y.paidFen || y.paidFen != int64(y.ok+y.unsure)*priceFen {
		r.say("%s bills %d fen, the records have %d", v.name, y.billed*priceFen, y.paidFen)
	}
	for _, text := range e.books[v.name].Violations {
		r.say("%s would not have taken this: %s", v.name, text)
	}
}
