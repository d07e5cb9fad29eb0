package main

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

func TestThriftKnowsWhatIsOverspent(t *testing.T) {
	t.Parallel()
	c := Config{Tasks: 10, Budgets: true} // two pictures of alpha, six in all
	for name, x := range map[string]struct {
		costs []operator.Cost
		sent  map[string]int64
		want  int
	}{
		"nothing": {},
		"to the last fen": {costs: []operator.Cost{{Day: "d", Provider: alpha, Sums: operator.Sums{ChargedFen: 20, UnknownFen: 20}}, {Day: "d", Provider: beta, Sums: operator.Sums{ChargedFen: 80}}},
			sent: map[string]int64{alpha: 2, beta: 4, wholeService: 6}},
		"by one picture": {costs: []operator.Cost{{Day: "d", Provider: alpha, Sums: operator.Sums{ChargedFen: 60}}}, sent: map[string]int64{alpha: 3, wholeService: 3}},
		"by two, of two models": {costs: []operator.Cost{{Day: "d", Provider: alpha, Model: "m", Sums: operator.Sums{ChargedFen: 40}}, {Day: "d", Provider: alpha, Sums: operator.Sums{UnknownFen: 40}}},
			sent: map[string]int64{alpha: 2, wholeService: 2}, want: 1},
		"untold":                {costs: []operator.Cost{{Day: "d", Provider: alpha, Sums: operator.Sums{ChargedFen: 40}}}, sent: map[string]int64{alpha: 4, wholeService: 4}, want: 1},
		"in all":                {costs: []operator.Cost{{Day: "d", Provider: beta, Sums: operator.Sums{ChargedFen: 160}}}, sent: map[string]int64{beta: 8, wholeService: 8}, want: 2},
		"two days have budgets": {costs: []operator.Cost{{Day: "d", Provider: alpha, Sums: operator.Sums{ChargedFen: 60}}, {Day: "e", Provider: alpha, Sums: operator.Sums{ChargedFen: 60}}}, sent: map[string]int64{alpha: 6, wholeService: 6}},
	} {
		if got := overspending(c.budgets(), spent(x.costs), x.sent); len(got) != x.want {
			t.Errorf("%s: %d faults, want %d: %q", name, len(got), x.want, got)
		}
	}
	if b := (Config{Tasks: 10}).budgets(); b != nil {
		t.Errorf("budgets without being asked: %v", b)
	}
}
