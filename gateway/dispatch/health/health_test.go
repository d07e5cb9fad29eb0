package health

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

func TestAVendorsPastIsSummedUp(t *testing.T) {
	t.Parallel()
	v := newVendor()
	if v.success() != 1 {
		t.Error("blamed before the first call")
	}
	for i := range 100 {
		v.report(good, workerrpc.Outcome{ProviderMS: int64(i+1) * 1000}, time.Hour)
		v.report(silent, workerrpc.Outcome{}, 0)
	}
	for range 300 - vendorSamples {
		v.report(failing, workerrpc.Outcome{}, time.Second)
	}
	v.summarise()
	if v.p50 != 51 || v.p95 != 96 || v.success() > 0.7 || v.success() < 0.6 {
		t.Errorf("p50 %v, p95 %v, success %v", v.p50, v.p95, v.success())
	}
}

// A vendor that counts by the minute has said nothing about later.
func TestAnOldAllowanceIsForgotten(t *testing.T) {
	t.Parallel()
	now, n := time.Now(), int64(0)
	v := newVendor()
	if v.allowance(now) != nil {
		t.Error("it said nothing yet")
	}
	v.allow(&n, now)
	v.allow(nil, now.Add(time.Minute)) // a call that failed otherwise
	if got := v.allowance(now.Add(allowanceKept)); got == nil || *got != 0 {
		t.Errorf("allowance %v", got)
	}
	if v.allowance(now.Add(allowanceKept+1)) != nil {
		t.Error("it is remembered for ever")
	}
}

func TestHedgesKeepWithinTheirShare(t *testing.T) {
	t.Parallel()
	h, now := HedgeBudget{}, time.Unix(1_000_000, 0)
	hedges := 0
	for range 1000 {
		h.Count(now, false)
		if h.Allows(now, 0.05) {
			h.Count(now, true)
			hedges++
		}
		now = now.Add(100 * time.Millisecond)
	}
	if share := float64(hedges) / float64(1000+hedges); share > 0.05 || share < 0.045 {
		t.Errorf("%d hedges are %.3f", hedges, share)
	}
	if h.Allows(now.Add(2*hedgeWindow), 0.05) {
		t.Error("the past still pays for a hedge")
	}
	if h.Allows(now, 0) {
		t.Error("allowed though off")
	}
}
