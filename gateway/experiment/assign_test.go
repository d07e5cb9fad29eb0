package experiment

import (
	"fmt"
	"math"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const many = 20_000

func session(i int) task.SessionID { return task.SessionID(fmt.Sprintf("ses_%d", i)) }

func TestSessionsAreSplitByWeight(t *testing.T) {
	t.Parallel()
	got := make(map[string]float64)
	for i := range many {
		got[Assign("sky", session(i), []Share{{"a", 1}, {"b", 3}, {"c", 0}})] += 1.0 / many
	}
	if math.Abs(got["a"]-0.25) > 0.015 || math.Abs(got["b"]-0.75) > 0.015 || got["c"] != 0 {
		t.Errorf("shares are %v, want a 0.25, b 0.75 and no c", got)
	}
}

func TestTheOrderOfArmsDoesNotMatter(t *testing.T) {
	t.Parallel()
	for i := range 1000 {
		one := Assign("sky", session(i), []Share{{"a", 1}, {"b", 3}})
		if two := Assign("sky", session(i), []Share{{"b", 3}, {"a", 1}}); one != two {
			t.Fatalf("%s is in %s and in %s", session(i), one, two)
		}
	}
}

func TestOnlyTheArmThatGainsTakesSessions(t *testing.T) {
	t.Parallel()
	moved := 0.0
	for i := range many {
		before := Assign("sky", session(i), []Share{{"a", 1}, {"b", 1}, {"c", 1}})
		after := Assign("sky", session(i), []Share{{"a", 1}, {"b", 2}, {"c", 1}})
		if before != after {
			moved += 1.0 / many
			if after != "b" {
				t.Fatalf("%s went from %s to %s, and only b had gained", session(i), before, after)
			}
		}
	}
	if want := 0.5 - 1.0/3; math.Abs(moved-want) > 0.015 {
		t.Errorf("%.3f of the sessions moved, want %.3f", moved, want)
	}
}

func TestExperimentsDivideSessionsIndependently(t *testing.T) {
	t.Parallel()
	both, shares := 0.0, []Share{{"a", 1}, {"b", 1}}
	for i := range many {
		if Assign("sky", session(i), shares) == "a" && Assign("sea", session(i), shares) == "a" {
			both += 1.0 / many
		}
	}
	if math.Abs(both-0.25) > 0.015 {
		t.Errorf("%.3f are in arm a of both, want a quarter", both)
	}
}

func TestWithoutWeightsThereIsNoArm(t *testing.T) {
	t.Parallel()
	if got := Assign("sky", "ses_1", []Share{{"a", 0}}); got != "" {
		t.Errorf("got %q, want none", got)
	}
}
