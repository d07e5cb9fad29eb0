package health

import (
	"math"
	"slices"
	"time"
)

// pace is how long the last calls to a vendor took. Of a call that another one
// beat it is only known that it would have taken longer.
type pace struct {
	calls [vendorSamples]paced // a ring
	n     int                  // ever added
}

type paced struct {
	took   time.Duration
	beaten bool
}

func (p *pace) add(took time.Duration, beaten bool) {
	p.calls[p.n%vendorSamples] = paced{took, beaten}
	p.n++
}

// median is what half of all calls would take if nobody beat them, by the
// estimate of Kaplan and Meier; longer than anything when too few were let
// finish to tell.
func (p *pace) median() time.Duration {
	sorted := slices.Clone(p.calls[:min(p.n, vendorSamples)])
	slices.SortFunc(sorted, func(a, b paced) int { return int(a.took - b.took) })
	unfinished := 1.0
	for i, c := range sorted {
		if c.beaten {
			continue
		}
		if unfinished *= 1 - 1/float64(len(sorted)-i); unfinished <= 0.5 {
			return c.took
		}
	}
	return math.MaxInt64
}
