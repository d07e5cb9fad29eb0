package dispatch

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/queue"
)

const serviceSamples = 512

// service remembers how long the last tasks took, from start to end.
type service struct {
	samples        [serviceSamples]float64 // seconds
	n              int
	known          int     // n at the last summary
	p50, p90, mean float64 // of the last summary
}

// guess stands in until the first task has ended: a usual picture.
const guess = 3.0

func newService() *service { return &service{p50: guess, p90: 2 * guess, mean: guess} }

func (s *service) add(d time.Duration) {
	s.samples[s.n%serviceSamples] = d.Seconds()
	s.n++
}

// summarise computes the quantiles; each tick does, not each task.
func (s *service) summarise() {
	if s.n == s.known {
		return
	}
	s.known = s.n
	n := min(s.n, serviceSamples)
	sorted := slices.Clone(s.samples[:n])
	slices.Sort(sorted)
	sum := 0.0
	for _, v := range sorted {
		sum += v
	}
	s.p50, s.p90, s.mean = sorted[n/2], sorted[min(n-1, n*9/10)], sum/float64(n)
}

// loadLocked sums up the term for position estimates. The caller holds the
// lock.
func (l *lead) loadLocked() queue.Load {
	waiting := l.window.len()
	return queue.Load{
		At: time.Now(), Waiting: waiting, Running: len(l.held) - waiting, Capacity: l.slots.capacity, Delivered: l.delivered,
		P50: l.service.p50, P90: l.service.p90, Mean: l.service.mean,
	}
}
