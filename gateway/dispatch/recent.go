package dispatch

import (
	"slices"
	"time"
)

// recent remembers how long the last of something took.
type recent struct {
	seconds []float64 // a ring
	n       int       // ever added
	known   int       // n at the last look
}

func newRecent(size int) recent { return recent{seconds: make([]float64, size)} }

func (r *recent) add(d time.Duration) {
	r.seconds[r.n%len(r.seconds)] = d.Seconds()
	r.n++
}

// look gives the samples in order, nil when none came since the last look.
func (r *recent) look() []float64 {
	if r.n == r.known {
		return nil
	}
	r.known = r.n
	sorted := slices.Clone(r.seconds[:min(r.n, len(r.seconds))])
	slices.Sort(sorted)
	return sorted
}

// quantile is the sample that percent of all are below.
func quantile(sorted []float64, percent int) float64 {
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}
