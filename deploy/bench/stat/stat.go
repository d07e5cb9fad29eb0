package stat

import (
	"math"
	"slices"
	"time"
)

// Point is one step of a distribution: the share Q of all samples took at
// most MS milliseconds.
type Point struct {
	Q  float64 `json:"q"`
	MS float64 `json:"ms"`
}

// Times sums up durations in milliseconds. The zero value stands for none.
type Times struct {
	N     int     `json:"n"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Curve []Point `json:"curve,omitempty"`
}

// Of sums up samples, which it sorts.
func Of(samples []time.Duration) Times {
	if len(samples) == 0 {
		return Times{}
	}
	slices.Sort(samples)
	at := func(q float64) float64 {
		return samples[rank(q, len(samples))].Seconds() * 1e3
	}
	t := Times{N: len(samples), P50: at(0.5), P90: at(0.9), P95: at(0.95), P99: at(0.99), Max: at(1)}
	for i := range 100 {
		q := float64(i) / 100
		t.Curve = append(t.Curve, Point{q, at(q)})
	}
	for _, q := range []float64{0.995, 0.999, 1} {
		t.Curve = append(t.Curve, Point{q, at(q)})
	}
	return t
}

// rank is the index of a quantile among n sorted samples, nearest rank.
func rank(q float64, n int) int {
	return min(n-1, max(0, int(math.Ceil(q*float64(n)))-1))
}

// Median is the middle of values, 0 when there are none. It does not change
// their order.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}
