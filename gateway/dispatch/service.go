package dispatch

import (
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/queue"
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

// loadLocked sums up the term for position estimates. The caller holds the
// lock.
func (l *lead) loadLocked() queue.Load {
	waiting := l.waiting.Len()
	return queue.Load{
		At: time.Now(), Waiting: waiting, Running: len(l.held) - waiting, Capacity: l.slots.capacity, Delivered: l.delivered,
		P50: l.service.p50, P90: l.service.p90, Mean: l.service.mean,
	}
}
