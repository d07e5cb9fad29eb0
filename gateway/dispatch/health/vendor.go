package health

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const vendorSamples = 256

// vendor is the recent past of one provider over all regions.
type vendor struct {
	past     Past
	limit    concurrency
	took     Samples // of successes, and of calls that were beaten as if they had ended then
	pace     pace    // of the same
	asked    int     // in this term, of those that say whether it works
	made     int     // of these, with a picture
	p50, p95 float64

	left     *int64 // calls that it still takes, as it said last
	leftSaid time.Time
}

func newVendor() *vendor { return &vendor{took: NewSamples(vendorSamples)} }

// report takes one call in. Time is the vendor's own where a worker told it.
func (v *vendor) report(said verdict, out workerrpc.Outcome, took time.Duration) {
	if said == silent || said == alive {
		return
	}
	v.asked++
	if said != good {
		return
	}
	v.made++
	if out.ProviderMS > 0 {
		took = time.Duration(out.ProviderMS) * time.Millisecond
	}
	v.took.Add(took)
	v.pace.add(took, false)
}

// allowanceKept is how long a vendor's word on its allowance is worth
// anything: most count by the minute.
const allowanceKept = 10 * time.Minute

// allow notes how many calls the vendor says it still takes.
func (v *vendor) allow(left *int64, now time.Time) {
	if left != nil {
		v.left, v.leftSaid = left, now
	}
}

// allowance is how many calls the vendor said of late that it still takes.
func (v *vendor) allowance(now time.Time) *int64 {
	if now.Sub(v.leftSaid) > allowanceKept {
		return nil
	}
	return v.left
}

// summarise computes the quantiles when there are new times, for operators
// at each tick and for calls that may be hedged.
func (v *vendor) summarise() {
	if sorted := v.took.Sorted(); sorted != nil {
		v.p50, v.p95 = Quantile(sorted, 50), Quantile(sorted, 95)
	}
}
