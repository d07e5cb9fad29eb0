package dispatch

import (
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
)

const serviceSamples = 512

// service remembers how long the last tasks took, from start to end.
type service struct {
	health.Samples
	p50, p90, mean float64 // of the last summary
}

// guess stands in until the first task has ended: a usual picture.
const guess = 3.0

func newService() *service {
	return &service{Samples: health.NewSamples(serviceSamples), p50: guess, p90: 2 * guess, mean: guess}
}

// summarise computes the quantiles; each tick does, not each task.
func (s *service) summarise() {
	sorted := s.Sorted()
	if sorted == nil {
		return
	}
	sum := 0.0
	for _, v := range sorted {
		sum += v
	}
	s.p50, s.p90, s.mean = health.Quantile(sorted, 50), health.Quantile(sorted, 90), sum/float64(len(sorted))
}
