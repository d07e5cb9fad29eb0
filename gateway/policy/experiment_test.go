package policy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func trial(change ...func(*policy.Experiment)) policy.Experiment {
	e := policy.Experiment{
		Arms:    []policy.Arm{{Name: "a", Provider: "seedream", Weight: 1}, {Name: "b", Provider: "qianfan", Weight: 1}},
		Traffic: 100, StartedAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

func run(name string, e policy.Experiment) func(*policy.State) error {
	return func(s *policy.State) error { s.Experiments[name] = e; return nil }
}

func TestAnExperimentIsStartedStoppedAndUndone(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	apply(t, s, policy.Edit{Who: "li", Action: "experiment.create"}, run("sky", trial()))
	if name, _, running := s.State().Experiment(); name != "sky" || !running {
		t.Fatalf("running: %q", name)
	}
	stop := apply(t, s, policy.Edit{Who: "li", Action: "experiment.stop"}, func(s *policy.State) error {
		e := s.Experiments["sky"]
		e.Stop("enough", time.Now())
		s.Experiments["sky"] = e
		return nil
	})
	if _, _, running := s.State().Experiment(); running {
		t.Error("it runs on")
	}
	if _, err := s.Undo(t.Context(), stop.Version, policy.Edit{Who: "li"}); err != nil {
		t.Fatal(err)
	}
	if _, e, running := s.State().Experiment(); !running || e.Book("sky") != trial().Book("sky") || e.Why != "" {
		t.Errorf("undone: %+v", e)
	}
	if _, err := s.Apply(t.Context(), policy.Edit{Who: "li"}, run("sea", trial())); fault.CodeOf(err) != fault.PolicyInvalid {
		t.Errorf("two at a time: %v", err)
	}
}

func TestAnExperimentThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	for pointer, c := range map[string]struct {
		name string
		e    policy.Experiment
	}{
		"/experiments/Sky":                 {"Sky", trial()},
		"/experiments/sky/traffic":         {"sky", trial(func(e *policy.Experiment) { e.Traffic = 101 })},
		"/experiments/sky/split":           {"sky", trial(func(e *policy.Experiment) { e.Split = "luck" })},
		"/experiments/sky/arms/1/weight":   {"sky", trial(func(e *policy.Experiment) { e.Split, e.Arms[1].Weight = operator.SplitThompson, 2 })},
		"/experiments/sky/arms":            {"sky", trial(func(e *policy.Experiment) { e.Arms = e.Arms[:1] })},
		"/experiments/sky/arms/1/name":     {"sky", trial(func(e *policy.Experiment) { e.Arms[1].Name = "a" })},
		"/experiments/sky/arms/0/weight":   {"sky", trial(func(e *policy.Experiment) { e.Arms[0].Weight = 0 })},
		"/experiments/sky/arms/0/strength": {"sky", trial(func(e *policy.Experiment) { e.Arms[0].Strength = 2 })},
	} {
		_, err := s.Apply(t.Context(), policy.Edit{Who: "li"}, run(c.name, c.e))
		if f := fault.As(err); err == nil || len(f.Violations) != 1 || f.Violations[0].Pointer != pointer {
			t.Errorf("%s: %v", pointer, err)
		}
	}
}

func TestTheWordsOfARunningExperimentAreKept(t *testing.T) {
	t.Parallel()
	e := start(t, t.TempDir())
	s := open(t, e)
	old := setCatalog(t, s, doc(0, "ink"))
	setCatalog(t, s, doc(0, "oil"))
	wordy := func(version int) policy.Experiment {
		return trial(func(e *policy.Experiment) { e.Arms[1].Catalog = version })
	}
	if _, err := s.Apply(t.Context(), policy.Edit{Who: "li"}, run("sky", wordy(4711))); fault.CodeOf(err) != fault.CatalogNotFound {
		t.Errorf("words that never were: %v", err)
	}
	apply(t, s, policy.Edit{Who: "li"}, run("sky", wordy(old)))
	for i := range 103 {
		setCatalog(t, s, doc(0, fmt.Sprintf("style-%d", i)))
	}
	for name, s := range map[string]*policy.Store{"here": s, "after a restart": open(t, e)} {
		if d := s.Words(old); d == nil || d.Styles[0].ID != "ink" {
			t.Errorf("%s the words are %+v", name, d)
		}
		if s.Words(old+1) != nil {
			t.Errorf("%s words that no arm uses are held", name)
		}
	}
}
