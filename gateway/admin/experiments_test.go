package admin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func sky() operator.Experiment {
	return operator.Experiment{Arms: []operator.Arm{{Name: "a", Provider: "seedream"}, {Name: "b", Provider: "qianfan", Weight: 3, Steps: 30}}}
}

func TestAnExperimentIsCreatedListedAndStopped(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	if ch, err := c.StartExperiment(t.Context(), "sky", sky(), operator.Edit{DryRun: true}); err != nil || !ch.DryRun || len(s.Policy.State().Experiments) != 0 {
		t.Fatalf("dry run: %+v, %v", ch, err)
	}
	if _, err := c.StartExperiment(t.Context(), "sky", sky(), operator.Edit{Reason: "price"}); err != nil {
		t.Fatal(err)
	}
	es, err := c.Experiments(t.Context())
	if err != nil || len(es) != 1 || es[0].State != operator.ExperimentRunning || es[0].Traffic != 100 ||
		es[0].Arms[0].Weight != 1 || es[0].Arms[1] != sky().Arms[1] || time.Since(es[0].StartedAt) > time.Minute {
		t.Errorf("experiments = %+v, %v", es, err)
	}
	if _, err := c.StartExperiment(t.Context(), "sea", sky(), operator.Edit{}); operator.CodeOf(err) != "experiment_running" || operator.StatusOf(err) != 409 {
		t.Errorf("a second one: %v", err)
	}
	if _, err := c.StopExperiment(t.Context(), "sky", operator.Edit{Reason: "enough"}); err != nil {
		t.Fatal(err)
	}
	if es, err := c.Experiments(t.Context()); err != nil || es[0].State != operator.ExperimentStopped || es[0].Why != "enough" || es[0].EndedAt == nil {
		t.Errorf("stopped: %+v, %v", es, err)
	}
	if _, err := c.StopExperiment(t.Context(), "sky", operator.Edit{}); operator.CodeOf(err) != "experiment_not_running" {
		t.Errorf("stopped twice: %v", err)
	}
	if _, err := c.StopExperiment(t.Context(), "moon", operator.Edit{}); operator.StatusOf(err) != 404 {
		t.Errorf("one that never was: %v", err)
	}
	if _, err := c.StartExperiment(t.Context(), "sky", sky(), operator.Edit{}); operator.CodeOf(err) != "experiment_exists" {
		t.Errorf("the same name: %v", err)
	}
	h, err := c.History(t.Context(), 2)
	if err != nil || h[0].Action != "experiment.stop" || h[1].Action != "experiment.create" || h[1].Subject != "sky" || h[1].Reason != "price" {
		t.Errorf("history = %+v, %v", h, err)
	}
}

func TestArmsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	if _, err := s.Policy.Apply(t.Context(), policy.Edit{Who: "li"}, func(st *policy.State) error {
		st.Providers["qianfan"] = policy.Provider{Disabled: true}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, arm := range map[string]operator.Arm{
		"an unknown provider":    {Name: "b", Provider: "nobody"},
		"the stand-in":           {Name: "b", Provider: "mock"},
		"one that is off":        {Name: "b", Provider: "qianfan"},
		"another model":          {Name: "b", Provider: "seedream", Model: "moon-1"},
		"an unknown aspect":      {Name: "b", Provider: "seedream", Aspect: "9:1000"},
		"an unknown resolution":  {Name: "b", Provider: "seedream", Resolution: "99k"},
		"too many steps":         {Name: "b", Provider: "seedream", Steps: 100_000},
		"a cfg out of range":     {Name: "b", Provider: "seedream", CFG: 1e9},
		"a catalogue never kept": {Name: "b", Provider: "seedream", Catalog: 4711},
		"the name of another":    {Name: "a", Provider: "seedream"},
		"a weight out of range":  {Name: "b", Provider: "seedream", Weight: 1e6},
	} {
		e := operator.Experiment{Arms: []operator.Arm{{Name: "a", Provider: "seedream"}, arm}}
		if _, err := c.StartExperiment(t.Context(), "sky", e, operator.Edit{}); operator.StatusOf(err)/100 != 4 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheOldestExperimentGivesItsPlace(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	for i := range policy.MaxExperiments + 1 {
		name := fmt.Sprintf("sky-%d", i)
		if _, err := c.StartExperiment(t.Context(), name, sky(), operator.Edit{}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.StopExperiment(t.Context(), name, operator.Edit{}); err != nil {
			t.Fatal(err)
		}
	}
	if all := s.Policy.State().Experiments; len(all) != policy.MaxExperiments {
		t.Errorf("%d are kept", len(all))
	}
}

func TestTheReportSaysHowSureItIs(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	if _, err := c.ReportExperiment(t.Context(), "sky"); operator.StatusOf(err) != 404 {
		t.Errorf("before it began: %v", err)
	}
	if _, err := c.StartExperiment(t.Context(), "sky", sky(), operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	r, err := c.ReportExperiment(t.Context(), "sky")
	if err != nil || r.Name != "sky" || len(r.Results) != 2 {
		t.Fatalf("report = %+v, %v", r, err)
	}
	a, b := r.Results[0], r.Results[1]
	if a.Tasks != 420 || a.Pictures != 400 || a.Share != .25 || a.Best < .99 || a.FenPerTask != 20 || a.CostFen != 8400 || a.LeftOut.NotAsked != 3 {
		t.Errorf("a = %+v", a)
	}
	for name, e := range map[string]*operator.Estimate{
		"success": a.Success, "p50": a.P50, "p95": a.P95, "liked": a.Liked, "regenerated": a.Regenerated, "deleted": a.Deleted,
	} {
		if e == nil || e.Low > e.Value || e.High < e.Value || e.Low == e.High {
			t.Errorf("%s of a: %+v", name, e)
		}
	}
	if b.Liked != nil || b.Success == nil || b.Success.High-b.Success.Low < .2 {
		t.Errorf("b = %+v", b)
	}
	if _, err := c.StopExperiment(t.Context(), "sky", operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	if r, err := c.ReportExperiment(t.Context(), "sky"); err != nil || r.State != operator.ExperimentStopped || r.Results[0].Tasks != 420 {
		t.Errorf("after its end: %+v, %v", r, err)
	}
}
