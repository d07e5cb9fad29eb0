package run

import (
	"cmp"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// price is what an attempt costs after its outcome: what the worker said, or
// what was planned when it may have been billed.
func price(a task.Attempt, out workerrpc.Outcome) int64 {
	switch out.Result {
	case task.NotSent, task.FailedUnbilled, task.Rejected:
		return 0
	}
	return cmp.Or(out.PriceFen, a.PriceFen)
}

// recall reserves again what an attempt of an earlier term has cost, unless
// that term has booked it.
func (r *Run) recall(a task.Attempt) {
	if a.PriceFen == 0 || r.deps.Accounts.Booked(r.job.ID) {
		return
	}
	r.spent = append(r.spent, r.deps.Accounts.Reserve(a.Provider, r.job.Campaign, a.PriceFen, a.StartedAt))
}

// costs sums up what the attempts of an ended task came to. An attempt whose
// outcome nobody knows may have been billed.
func (r *Run) costs(rec *task.Record) (e billing.Expenses, paid bool) {
	e = make(billing.Expenses)
	if made, fen := picture(rec); made != nil {
		e.Add(made.StartedAt, made.Provider, made.Region, made.Model, operator.Sums{Pictures: 1, PictureFen: fen})
	}
	for _, a := range rec.Attempts {
		if out, ok := r.outcomes[a.Number]; ok && a.Outcome == "" { // of a deleted task
			a.Outcome, a.PriceFen = out.Result, price(a, out)
		}
		planned := r.step(a.Provider).PriceFen
		paid = paid || a.PriceFen > 0 || planned > 0
		s := operator.Sums{Attempts: 1}
		if a.Hedge {
			s.Hedges = 1
		}
		switch a.Outcome {
		case task.OK:
			s.OK, s.ChargedFen = 1, a.PriceFen
		case task.Unknown, "":
			s.Unknown, s.UnknownFen = 1, a.PriceFen
		default:
			s.Failed, s.ReturnedFen = 1, planned
		}
		e.Add(a.StartedAt, a.Provider, a.Region, a.Model, s)
	}
	return e, paid
}

// picture is the attempt that made the picture of a task, and what all its
// attempts cost; nil when no picture was delivered.
func picture(rec *task.Record) (made *task.Attempt, fen int64) {
	if rec.Deleted || rec.State != task.Succeeded || rec.Result == nil {
		return nil, 0
	}
	for i := range rec.Attempts {
		a := &rec.Attempts[i]
		fen += a.PriceFen
		if key(rec, a.Number, image) == rec.Result.ImageKey {
			made = a
		}
	}
	return made, fen
}
