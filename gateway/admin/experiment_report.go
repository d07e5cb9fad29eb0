package admin

import (
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// reportExperiment tells how the arms do, from the counts as they are now.
func (s *Server) reportExperiment(r *http.Request) (any, error) {
	name := r.PathValue("name")
	e, known := s.deps.Policy.State().Experiments[name]
	if !known {
		return nil, fault.New(fault.ExperimentNotFound)
	}
	counted, err := s.deps.Arms.Counts(r.Context(), e.Book(name))
	if err != nil {
		return nil, err
	}
	counts := make([]experiment.Counts, len(e.Arms))
	for i, a := range e.Arms {
		counts[i] = counted[a.Name]
	}
	out := experimentStatus(name, e)
	best, shares := experiment.Best(counts), s.shares(name, e)
	for i, a := range e.Arms {
		result := armResult(counts[i])
		result.Arm, result.Share, result.Best = a.Name, shares[i], best[i]
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// shares are the arms' shares of the sessions, 1 together; all 0 when the
// experiment was stopped.
func (s *Server) shares(name string, e operator.Experiment) []float64 {
	out, sum := make([]float64, len(e.Arms)), 0.0
	if !e.Running() {
		return out
	}
	given := s.deps.Arms.Shares(e.Book(name), e)
	for _, g := range given {
		sum += g.Weight
	}
	for i, g := range given {
		out[i] = g.Weight / sum
	}
	return out
}

func armResult(c experiment.Counts) operator.ArmResult {
	out := operator.ArmResult{
		Tasks: c.Tasks, Pictures: c.OK, Success: share(c.OK, c.Tasks), P50: latency(c.Quantile(0.5)), P95: latency(c.Quantile(0.95)),
		CostFen: c.CostFen, Rated: c.Rated, Liked: share(c.Liked, c.Rated), Regenerated: share(c.Regenerated, c.OK), Deleted: share(c.Deleted, c.OK),
		LeftOut: operator.LeftOut{Degraded: c.Degraded, Canceled: c.Canceled, NotAsked: c.Missed},
	}
	if c.Tasks > 0 {
		out.FenPerTask = float64(c.CostFen) / float64(c.Tasks)
	}
	return out
}

func share(hits, of int64) *operator.Estimate {
	if of <= 0 {
		return nil
	}
	r := experiment.RateOf(hits, of)
	return &operator.Estimate{Value: r.Value, Low: r.Low, High: r.High}
}

func latency(s experiment.Span) *operator.Estimate {
	if s == (experiment.Span{}) {
		return nil
	}
	seconds := func(d time.Duration) float64 { return d.Round(10 * time.Millisecond).Seconds() }
	return &operator.Estimate{Value: seconds(s.Value), Low: seconds(s.Low), High: seconds(s.High)}
}
