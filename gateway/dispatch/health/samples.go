package health

import (
	"slices"
	"time"
)

// Samples remember how long the last of something took.
type Samples struct {
	seconds []float64 // a ring
	n       int       // ever added
	known   int       // n at the last look
}

// NewSamples remembers so many.
func NewSamples(size int) Samples { return Samples{seconds: make([]float64, size)} }

// Add remembers one more.
func (s *Samples) Add(d time.Duration) {
	s.seconds[s.n%len(s.seconds)] = d.Seconds()
	s.n++
}

// Sorted gives the samples in order, nil when none came since the last time.
func (s *Samples) Sorted() []float64 {
	if s.n == s.known {
		return nil
	}
	s.known = s.n
	sorted := slices.Clone(s.seconds[:min(s.n, len(s.seconds))])
	slices.Sort(sorted)
	return sorted
}

// Quantile is the sample that percent of all are below.
func Quantile(sorted []float64, percent int) float64 {
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}
