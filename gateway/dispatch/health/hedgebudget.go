package health

import "time"

const hedgeWindow = 10 * time.Minute

// HedgeBudget keeps hedges within their share of all attempts of the last ten
// minutes. It begins without any attempts, and so without the right to hedge.
type HedgeBudget struct{ recently }

func hedgeSlice(now time.Time) int64 { return now.UnixNano() / int64(hedgeWindow/buckets) }

// Count notes an attempt.
func (h *HedgeBudget) Count(now time.Time, hedge bool) { h.add(hedgeSlice(now), hedge) }

// Allows reports whether one more hedge stays within the share.
func (h *HedgeBudget) Allows(now time.Time, share float64) bool {
	h.roll(hedgeSlice(now))
	all, hedges := h.last(buckets)
	return float64(hedges+1) <= share*float64(all+1)
}
