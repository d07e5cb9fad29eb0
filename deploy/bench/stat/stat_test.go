package stat_test

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/stat"
)

func TestQuantilesAreSamplesThatWereMeasured(t *testing.T) {
	t.Parallel()
	samples := make([]time.Duration, 0, 100)
	for i := 100; i >= 1; i-- {
		samples = append(samples, time.Duration(i)*time.Millisecond)
	}
	got := stat.Of(samples)
	if got.N != 100 || got.P50 != 50 || got.P90 != 90 || got.P95 != 95 || got.P99 != 99 || got.Max != 100 {
		t.Errorf("got %+v", got)
	}
	if last := got.Curve[len(got.Curve)-1]; last.Q != 1 || last.MS != 100 {
		t.Errorf("the curve ends at %+v", last)
	}
}

func TestNothingMeasuredIsZero(t *testing.T) {
	t.Parallel()
	if got := stat.Of(nil); got.N != 0 || got.Curve != nil {
		t.Errorf("got %+v", got)
	}
	if got := stat.Median(nil); got != 0 {
		t.Errorf("median = %v", got)
	}
}

func TestTheMedianOfAnEvenNumberIsBetweenTheMiddleTwo(t *testing.T) {
	t.Parallel()
	values := []float64{4, 1, 3, 2}
	if got := stat.Median(values); got != 2.5 {
		t.Errorf("median = %v, want 2.5", got)
	}
	if values[0] != 4 {
		t.Error("the values were reordered")
	}
	if got := stat.Median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median = %v, want 5", got)
	}
}
