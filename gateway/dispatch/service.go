package dispatch

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/queue"
)

const serviceSamples = 512

// service remembers how long the last tasks took, from start to end.
type service struct {
	samples [serviceSamples]float64 // seconds
	n       int
}

// guess stands in until the first task has ended: a usual picture.
const guess = 3.0

func newService() *service { return &service{} }

func (s *service) add(d time.Duration) {
	s.samples[s.n%serviceSamples] = d.Seconds()
	s.n++
}

// quantiles gives the median, the 90th percentile and the mean in seconds.
func (s *service) quantiles() (p50, p90, mean float64) {
	n := min(s.n, serviceSamples)
	if n == 0 {
		return guess, 2 * guess, guess
	}
	sorted := slices.Clone(s.samples[:n])
	slices.Sort(sorted)
	for _, v := range sorted {
		mean += v
	}
	return sorted[n/2], sorted[min(n-1, n*9/10)], mean / float64(n)
}

// loadLocked sums up the term for position estimates. The caller holds the
// lock.
func (l *lead) loadLocked() queue.Load {
	load := queue.Load{At: time.Now(), Waiting: l.window.len(), Capacity: l.slots.capacity()}
	load.Running = len(l.held) - load.Waiting
	load.P50, load.P90, load.Mean = l.service.quantiles()
	for _, it := range l.held {
		load.Delivered = max(load.Delivered, it.lease.Seq)
	}
	return load
}
