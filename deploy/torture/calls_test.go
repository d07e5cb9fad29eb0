package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func attempts(as ...task.Attempt) operator.Task {
	for i := range as {
		as[i].Number = i + 1
	}
	return operator.Task{TaskID: "t", State: task.Succeeded, Attempts: as}
}

func TestTheAuditKnowsWhatMayBePaid(t *testing.T) {
	t.Parallel()
	ok := task.Attempt{Outcome: task.OK, PriceFen: 20}
	unknown := task.Attempt{Outcome: task.Unknown, Class: task.ClassNetwork, PriceFen: 20}
	once, twice, second := map[int][]call{1: {{}}}, map[int][]call{1: {{}}, 2: {{}}}, map[int][]call{2: {{}}}
	for name, tc := range map[string]struct {
		task    operator.Task
		made    map[int][]call
		unknown string
		want    string // part of the only fault, "" for none
		double  int64
	}{
		"OneGoodCall":      {attempts(ok), once, "next", "", 0},
		"CalledTwice":      {attempts(ok), map[int][]call{1: {{}, {}}}, "next", "called 2 times", 0},
		"ATransientFault":  {attempts(task.Attempt{Outcome: task.FailedUnbilled, Class: task.ClassTransient}, ok), map[int][]call{1: {{}}, 2: {{}}}, "next", "", 0},
		"AfterUnknown":     {attempts(unknown, ok), second, "next", "", 20},
		"UnknownMustWait":  {attempts(unknown, ok), twice, "wait", "fallback.unknown", 0},
		"AfterSuccess":     {attempts(ok, ok), twice, "next", "followed by another", 0},
		"AHedgeToo":        {attempts(ok, task.Attempt{Outcome: task.OK, PriceFen: 20, Hedge: true}), map[int][]call{1: {{}}, 2: {{}}}, "wait", "", 0},
		"AfterAHedge":      {attempts(task.Attempt{Outcome: task.FailedUnbilled}, task.Attempt{Outcome: task.OK, Hedge: true}, task.Attempt{Outcome: task.FailedUnbilled}), second, "next", "followed by another", 0},
		"AHedgeOfAHedge":   {attempts(ok, task.Attempt{Outcome: task.OK, Hedge: true}, task.Attempt{Outcome: task.OK, Hedge: true}), map[int][]call{1: {{}}, 2: {{}}, 3: {{}}}, "next", "hedges a hedge", 0},
		"AfterARefusal":    {attempts(task.Attempt{Outcome: task.Rejected, Class: task.ClassContent}, ok), twice, "next", "followed by another", 0},
		"NotSentButCalled": {attempts(task.Attempt{Outcome: task.NotSent}, ok), twice, "next", "not sent", 0},
		"NobodyCalled":     {attempts(unknown, ok), once, "next", "never called", 20},
		"NobodyWroteIt":    {attempts(ok), map[int][]call{1: {{}}, 2: {{}}}, "next", "no record", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults, double := audit(tc.task, tc.made, tc.unknown)
			if tc.want == "" && len(faults) > 0 || tc.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], tc.want)) {
				t.Errorf("faults = %q, want %q", faults, tc.want)
			}
			if double != tc.double {
				t.Errorf("double paid = %d, want %d", double, tc.double)
			}
		})
	}
}

func FuzzTheJournal(f *testing.F) {
	line := `{"id":"` + task.NewID() + `/1","provider":"alpha","at":"2026-01-02T03:04:05Z"}` + "\n"
	f.Add([]byte(line + "\n" + line))
	f.Add([]byte(`{"id":"a/1"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseCalls(bytes.NewReader(data))
		if err == nil && got.count() > bytes.Count(data, []byte("\n"))+1 {
			t.Errorf("more calls than lines: %d", got.count())
		}
	})
}
