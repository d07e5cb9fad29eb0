package health

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

func TestAVendorsPastIsSummedUp(t *testing.T) {
	t.Parallel()
	h, now := New(DefaultBreaking()), time.Now()
	report := func(out workerrpc.Outcome, took time.Duration) {
		h.Report(Call{Lane: Lane{Provider: "a"}, Begun: now.Add(-took)}, out, now)
	}
	if p := h.Past("a"); p.Success() != nil || p.Calls(now) != 0 {
		t.Error("blamed before the first call")
	}
	for i := range 100 {
		report(workerrpc.Outcome{Result: task.OK, ProviderMS: int64(i+1) * 1000}, time.Hour)
		report(workerrpc.Outcome{Result: task.NotSent, Class: task.ClassBusy}, 0)
	}
	for range 40 {
		report(workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassTransient}, time.Second)
	}
	s, p := h.Summary("a", now), h.Past("a")
	if share := *p.Success(); s.P50 != 51 || s.P95 != 96 || share > 0.7 || share < 0.6 || p.Calls(now) != 140 || s.Good != 100 || s.Bad != 40 {
		t.Errorf("%+v, success %v of %d calls", s, share, p.Calls(now))
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
