package objective

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

// measured are the objectives beside what the counts come to.
func (c Config) measured(n Counts) []operator.Objective {
	success := operator.Objective{Name: operator.ObjectiveSuccess, Objective: c.Success, Of: n.Good + n.Bad}
	p95 := operator.Objective{Name: operator.ObjectiveP95, Objective: c.P95.Seconds(), Of: n.Good}
	errors := operator.Objective{Name: operator.ObjectiveErrors, Objective: c.Errors, Of: n.Answers}
	if success.Of > 0 {
		success.Measured = new(float64(n.Good) / float64(success.Of))
		success.Missed = *success.Measured < c.Success
	}
	if p95.Of > 0 {
		p95.Measured = new(n.quantile(0.95).Seconds())
		p95.Missed = *p95.Measured > c.P95.Seconds()
	}
	if errors.Of > 0 {
		errors.Measured = new(float64(n.Errors) / float64(errors.Of))
		errors.Missed = *errors.Measured > c.Errors
	}
	return []operator.Objective{success, p95, errors}
}

// quantile is the time that a share of the good ones took at most.
func (c Counts) quantile(q float64) time.Duration {
	rank, below := int64(math.Ceil(q*float64(c.Good))), int64(0)
	for _, ms := range slices.Sorted(maps.Keys(c.Took)) {
		if below += c.Took[ms]; below >= rank {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return 0
}

// telling reports whether there is enough to judge by: an objective that one
// of 200 may miss says nothing about 20.
func telling(o operator.Objective) bool {
	share := 0.05 // of a p95
	switch o.Name {
	case operator.ObjectiveSuccess:
		share = 1 - o.Objective
	case operator.ObjectiveErrors:
		share = o.Objective
	}
	return o.Missed && (share <= 0 || float64(o.Of)*share >= 1-1e-9)
}

// words say in an alarm what is missed.
func words(o operator.Objective) string {
	over := fmt.Sprintf("over the last %d minutes", int(Window.Minutes()))
	switch o.Name {
	case operator.ObjectiveSuccess:
		return fmt.Sprintf("%.2f %% of %d tasks gave a picture %s; objectives.success is %.2f %%", 100**o.Measured, o.Of, over, 100*o.Objective)
	case operator.ObjectiveErrors:
		return fmt.Sprintf("%.2f %% of %d answers were 5xx %s; objectives.errors is %.2f %%", 100**o.Measured, o.Of, over, 100*o.Objective)
	}
	return fmt.Sprintf("95 of 100 of %d pictures took up to %.1f s %s; objectives.p95 is %.1f s", o.Of, *o.Measured, over, o.Objective)
}
