package experiment

import (
	"math"
	"reflect"
	"testing"
	"time"
)

func TestCountsAddUpInAnyOrder(t *testing.T) {
	t.Parallel()
	var a, b, one, two Counts
	a.Add(Picture(2*time.Second, 14))
	b.Add(Failure(3))
	b.Add(Picture(9*time.Second, 14))
	b.Add(Counts{Rated: 1, Liked: 1, Missed: 2})
	one.Add(a)
	one.Add(b)
	two.Add(b)
	two.Add(a)
	if !reflect.DeepEqual(one, two) || one.Tasks != 3 || one.OK != 2 || one.CostFen != 31 || one.Missed != 2 || one.Speed.N != 2 || one.Thrift.N != 3 {
		t.Errorf("got %+v and %+v", one, two)
	}
}

func TestARateKnowsHowLittleItKnows(t *testing.T) {
	t.Parallel()
	if r := RateOf(0, 0); r != (Rate{Value: 0, Low: 0, High: 1}) {
		t.Errorf("none of none is %+v", r)
	}
	if r := RateOf(10, 10); math.Abs(r.High-1) > 1e-9 || math.Abs(r.Low-0.7225) > 0.001 {
		t.Errorf("10 of 10 is %+v, want from 0.722", r)
	}
	if r := RateOf(90, 100); math.Abs(r.Low-0.8256) > 0.001 || math.Abs(r.High-0.9448) > 0.001 {
		t.Errorf("90 of 100 is %+v, want 0.826…0.945", r)
	}
	if r := RateOf(3, 2); r.Value != 1 {
		t.Errorf("more opinions than pictures are %+v", r)
	}
}

func TestAQuantileIsCloseAndItsIntervalHoldsIt(t *testing.T) {
	t.Parallel()
	var c Counts
	for i := range 1000 {
		c.Add(Picture(time.Duration(i+1)*10*time.Millisecond, 0))
	}
	for q, want := range map[float64]time.Duration{0.5: 5 * time.Second, 0.95: 9500 * time.Millisecond} {
		s := c.Quantile(q)
		if off := float64(s.Value)/float64(want) - 1; math.Abs(off) > 0.05 {
			t.Errorf("quantile %v = %v, want %v or a twentieth beside", q, s.Value, want)
		}
		if s.Low > want || s.High < want {
			t.Errorf("quantile %v: %v is outside %v…%v", q, want, s.Low, s.High)
		}
	}
	if s := (Counts{}).Quantile(0.5); s != (Span{}) {
		t.Errorf("without pictures: %+v", s)
	}
}

func TestAFailureIsWorthNothingAndNothingMoreThanOne(t *testing.T) {
	t.Parallel()
	if u := worth(0, 1, 1, 1, 0, 0); u != 0 {
		t.Errorf("a failure is worth %v", u)
	}
	if u := worth(1, 1, 1, 1, 0, 0); math.Abs(u-1) > 1e-9 {
		t.Errorf("the best there is is worth %v", u)
	}
	middle := worth(0.9, 0.5, 0.5, 0.5, 0.5, 0.5)
	for name, u := range map[string]float64{
		"surer": worth(1, 0.5, 0.5, 0.5, 0.5, 0.5), "sooner": worth(0.9, 0.6, 0.5, 0.5, 0.5, 0.5),
		"cheaper": worth(0.9, 0.5, 0.6, 0.5, 0.5, 0.5), "liked": worth(0.9, 0.5, 0.5, 0.6, 0.5, 0.5),
		"not made again": worth(0.9, 0.5, 0.5, 0.5, 0.4, 0.5), "not deleted": worth(0.9, 0.5, 0.5, 0.5, 0.5, 0.4),
	} {
		if u <= middle {
			t.Errorf("%s is worth %v, want more than %v", name, u, middle)
		}
	}
}

// many tasks of an arm, a tenth of them rated.
func shown(n int64, success float64, took time.Duration, fen int64, liked float64) (c Counts) {
	for i := range n {
		if float64(i) < success*float64(n) {
			c.Add(Picture(took, fen))
		} else {
			c.Add(Failure(fen))
		}
	}
	c.Rated = n / 10
	c.Liked = int64(liked * float64(c.Rated))
	return c
}

func TestTheBestIsFoundByEachOfItsVirtues(t *testing.T) {
	t.Parallel()
	plain := shown(300, 0.9, 8*time.Second, 20, 0.6)
	unloved := plain
	unloved.Regenerated, unloved.Deleted = 120, 60
	for name, arms := range map[string][]Counts{
		"success": {plain, shown(300, 0.99, 8*time.Second, 20, 0.6)},
		"latency": {plain, shown(300, 0.9, 4*time.Second, 20, 0.6)},
		"price":   {plain, shown(300, 0.9, 8*time.Second, 2, 0.6)},
		"ratings": {plain, shown(300, 0.9, 8*time.Second, 20, 1)},
		"keeping": {unloved, plain},
	} {
		if best := Best(arms); best[1] < 0.8 {
			t.Errorf("%s: the probabilities are %v", name, best)
		}
	}
}

func TestArmsAboutWhichNothingIsKnownAreAlike(t *testing.T) {
	t.Parallel()
	for i, p := range Best(make([]Counts, 4)) {
		if math.Abs(p-0.25) > 0.06 {
			t.Errorf("arm %d: %v, want a quarter", i, p)
		}
	}
	one, two := Best([]Counts{shown(40, 0.9, time.Second, 1, 1), shown(40, 0.8, time.Second, 1, 1)}), Best([]Counts{shown(40, 0.9, time.Second, 1, 1), shown(40, 0.8, time.Second, 1, 1)})
	if !reflect.DeepEqual(one, two) {
		t.Errorf("the same counts say %v and %v", one, two)
	}
}
