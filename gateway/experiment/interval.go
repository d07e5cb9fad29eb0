package experiment

import (
	"maps"
	"math"
	"slices"
	"time"
)

// z is half the width of an interval in standard deviations. Such an interval
// holds the true value in 95 of 100 cases.
const z = 1.959964

// Rate is a share of tasks with its interval.
type Rate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// RateOf is a share with Wilson's interval. That stays within 0…1 and is wide
// for few tasks: without any task it is all of 0…1.
func RateOf(hits, of int64) Rate {
	hits = min(max(hits, 0), of) // feedback may be counted before its picture
	if of <= 0 {
		return Rate{High: 1}
	}
	n, p := float64(of), float64(hits)/float64(of)
	centre := p + z*z/(2*n)
	width := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return Rate{Value: p, Low: max(0, (centre-width)/scale), High: min(1, (centre+width)/scale)}
}

// Span is a latency with its interval.
type Span struct {
	Value time.Duration `json:"value"`
	Low   time.Duration `json:"low"`
	High  time.Duration `json:"high"`
}

// Quantile is the latency that a share q of the pictures did not exceed. Its
// interval is computed from ranks and so assumes nothing about how latencies
// are distributed. It ends at the edges of buckets. Without pictures it is
// zero.
func (c Counts) Quantile(q float64) Span {
	if c.OK == 0 {
		return Span{}
	}
	n := float64(c.OK)
	width := z * math.Sqrt(n*q*(1-q))
	return Span{
		Value: at(c.rank(int64(math.Ceil(n*q))) - 0.5),
		Low:   at(c.rank(int64(math.Floor(n*q-width))) - 1),
		High:  at(c.rank(int64(math.Ceil(n*q+width)) + 1)),
	}
}

// rank is the bucket with the k-th fastest picture, k from 1.
func (c Counts) rank(k int64) float64 {
	k = min(max(k, 1), c.OK)
	last := 0
	for _, b := range slices.Sorted(maps.Keys(c.Latency)) {
		last = b
		if k -= c.Latency[b]; k <= 0 {
			break
		}
	}
	return float64(last)
}
