package dispatch

import (
	"context"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// costs sums up what the attempts of an ended task came to. An attempt whose
// outcome nobody knows may have been billed.
func (w *walk) costs() (e billing.Expenses, paid bool) {
	e = make(billing.Expenses)
	for _, a := range w.now().Attempts {
		if l, ok := w.lands[a.Number]; ok && a.Outcome == "" { // of a deleted task
			a.Outcome, a.PriceFen = l.Result, price(a, l)
		}
		planned := w.step(a.Provider).PriceFen
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

// post books the calls of an ended task. Those that cost money are on the
// disk when it returns; those of the mock are counted now and then.
func (w *walk) post(ctx context.Context) (paid bool, err error) {
	e, paid := w.costs()
	if !paid {
		w.ledger.Count(e)
		return false, nil
	}
	if err := w.ledger.Post(ctx, w.job.ID, w.job.Campaign, e); err != nil {
		return true, err
	}
	w.accounts.Release(w.hand...)
	w.hand = nil
	return true, nil
}

// measured reports whether an experiment counts the task.
func (w *walk) measured() bool { return w.Arms != nil && w.job.Arm != nil }

// measure counts an ended task for its arm, on the disk when it returns.
func (w *walk) measure(ctx context.Context) error {
	if !w.measured() {
		return nil
	}
	return w.Arms.Post(ctx, *w.job.Arm, w.job.ID, experiment.Measure(*w.job.Arm, w.now()))
}
