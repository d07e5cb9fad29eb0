package experiment

import (
	"math"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
)

func sky(change ...func(*policy.Experiment)) *policy.State {
	e := policy.Experiment{
		Arms:    []policy.Arm{{Name: "a", Provider: "seedream", Weight: 1}, {Name: "b", Provider: "qianfan", Weight: 3, Steps: 9}},
		Traffic: 100, StartedAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
	}
	for _, c := range change {
		c(&e)
	}
	return &policy.State{Experiments: map[string]policy.Experiment{"sky": e}}
}

func TestASessionKeepsItsArm(t *testing.T) {
	t.Parallel()
	count := make(map[string]float64)
	for i := range many {
		arm, tag := Choose(sky(), session(i), ByWeight)
		again, _ := Choose(sky(), session(i), ByWeight)
		if tag == nil || tag.Name != arm.Name || again != arm || tag.Experiment != "sky" || tag.Provider != arm.Provider {
			t.Fatalf("%s: %+v, %+v, then %+v", session(i), arm, tag, again)
		}
		count[arm.Name] += 1.0 / many
	}
	if math.Abs(count["b"]-0.75) > 0.015 {
		t.Errorf("shares = %v", count)
	}
}

func TestOnlyAShareOfTheSessionsTakesPart(t *testing.T) {
	t.Parallel()
	in := 0.0
	for i := range many {
		_, ten := Choose(sky(func(e *policy.Experiment) { e.Traffic = 10 }), session(i), ByWeight)
		_, all := Choose(sky(), session(i), ByWeight)
		if ten != nil {
			in += 1.0 / many
			if ten.Name != all.Name {
				t.Fatalf("%s changes its arm with the traffic", session(i))
			}
		}
	}
	if math.Abs(in-0.1) > 0.01 {
		t.Errorf("%.3f take part, want a tenth", in)
	}
}

func TestAnExperimentThatEndedGivesNoArms(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, state := range map[string]*policy.State{
		"ended": sky(func(e *policy.Experiment) { e.EndedAt = &now }), "none": {},
	} {
		if _, tag := Choose(state, "ses_1", ByWeight); tag != nil {
			t.Errorf("%s: %+v", name, tag)
		}
	}
}

func TestANameUsedAgainIsAnotherExperiment(t *testing.T) {
	t.Parallel()
	moved := 0
	for i := range 1000 {
		_, one := Choose(sky(), session(i), ByWeight)
		_, two := Choose(sky(func(e *policy.Experiment) { e.StartedAt = e.StartedAt.Add(time.Hour) }), session(i), ByWeight)
		if one.Book == two.Book {
			t.Fatal("both are counted in the same book")
		}
		if one.Name != two.Name {
			moved++
		}
	}
	if moved < 300 {
		t.Errorf("only %d sessions are divided anew", moved)
	}
}
