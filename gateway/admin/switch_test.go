package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func toQianfan() operator.SwitchStart {
	return operator.SwitchStart{From: "seedream", To: "qianfan", Steps: []int{10, 50, 100}, EverySeconds: 300}
}

func TestASwitchIsPlannedStartedShownAndAborted(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	plan, err := c.StartSwitch(t.Context(), toQianfan(), operator.Edit{DryRun: true})
	if err != nil || !plan.Change.DryRun || s.Policy.State().Ramp != nil {
		t.Fatalf("dry run: %+v, %v, state %+v", plan, err, s.Policy.State().Ramp)
	}
	// 62 calls since midnight, and 6 fen less for each.
	if len(plan.Steps) != 3 || plan.PerDay < 62 || plan.Steps[2].FenPerDay > -6*62 || plan.Steps[0].FenPerDay < plan.Steps[2].FenPerDay/9 {
		t.Errorf("plan = %+v", plan)
	}
	if gap := plan.Steps[2].At.Sub(plan.Steps[0].At); gap != 10*time.Minute {
		t.Errorf("the last step comes %v after the first", gap)
	}
	if _, err := c.StartSwitch(t.Context(), toQianfan(), operator.Edit{Reason: "price"}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Switch(t.Context())
	if err != nil || got.State != operator.SwitchRunning || got.Percent != 10 || got.Step != 1 || got.Floor != .9 || got.Samples != 20 {
		t.Errorf("switch = %+v, %v", got, err)
	}
	if got.FromCalls.Calls != 100 || got.ToCalls.Calls != 15 || *got.FromCalls.Success != .97 || !got.NextAt.Equal(got.StepAt.Add(5*time.Minute)) {
		t.Errorf("switch = %+v", got)
	}
	if _, err := c.StartSwitch(t.Context(), toQianfan(), operator.Edit{}); operator.CodeOf(err) != "switch_running" || operator.StatusOf(err) != 409 {
		t.Errorf("a second one: %v", err)
	}
	if _, err := c.AbortSwitch(t.Context(), operator.Edit{Reason: "wrong day"}); err != nil {
		t.Fatal(err)
	}
	if got, err = c.Switch(t.Context()); err != nil || got.State != operator.SwitchAborted || got.Percent != 0 || got.Why != "wrong day" || got.EndedAt == nil {
		t.Errorf("aborted: %+v, %v", got, err)
	}
	if _, err := c.AbortSwitch(t.Context(), operator.Edit{}); operator.CodeOf(err) != "switch_not_running" {
		t.Errorf("aborted twice: %v", err)
	}
}

func TestAStartedSwitchIsUndone(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	if got, err := c.Switch(t.Context()); err != nil || got.State != operator.SwitchNone {
		t.Errorf("before the first: %+v, %v", got, err)
	}
	plan, err := c.StartSwitch(t.Context(), toQianfan(), operator.Edit{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Undo(t.Context(), plan.Change.Version, operator.Edit{}); err != nil || s.Policy.State().Ramp != nil {
		t.Errorf("undone: %v, %+v", err, s.Policy.State().Ramp)
	}
}

func TestASwitchThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	half := 1.5
	for name, change := range map[string]func(*operator.SwitchStart){
		"404 provider_not_found": func(s *operator.SwitchStart) { s.To = "nobody" },
		"400 the mock":           func(s *operator.SwitchStart) { s.To = "mock" },
		"422 /from":              func(s *operator.SwitchStart) { s.From, s.To = s.To, s.From },
		"422 /ramp/to":           func(s *operator.SwitchStart) { s.To = s.From },
		"422 /ramp/steps":        func(s *operator.SwitchStart) { s.Steps = []int{50, 10, 100} },
		"422 /ramp/steps ":       func(s *operator.SwitchStart) { s.Steps = []int{10, 50} },
		"422 /ramp/steps  ":      func(s *operator.SwitchStart) { s.Steps = nil },
		"422 /ramp/everySeconds": func(s *operator.SwitchStart) { s.EverySeconds = 0 },
		"422 /ramp/floor":        func(s *operator.SwitchStart) { s.Floor = &half },
		"422 /ramp/samples":      func(s *operator.SwitchStart) { s.Samples = -1 },
	} {
		start := toQianfan()
		change(&start)
		_, err := c.StartSwitch(t.Context(), start, operator.Edit{})
		status, what, _ := strings.Cut(strings.TrimSpace(name), " ")
		if err == nil || !strings.Contains(status, map[int]string{400: "400", 404: "404", 422: "422"}[operator.StatusOf(err)]) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, told := err.(*operator.Problem), false //nolint:errorlint // the client's own
		for _, v := range p.Violations {
			told = told || v.Pointer == what || strings.HasPrefix(v.Detail, what)
		}
		if !told && string(p.Code) != what {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if _, err := c.ChangeProvider(t.Context(), "qianfan", operator.ProviderPatch{Enabled: new(bool)}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.StartSwitch(t.Context(), toQianfan(), operator.Edit{}); operator.StatusOf(err) != 422 {
		t.Errorf("to one that is off: %v", err)
	}
}

// A change by hand cannot break the one that is under way.
func TestAStepThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	if _, err := c.StartSwitch(t.Context(), toQianfan(), operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Policy.Apply(t.Context(), policy.Edit{Action: "test"}, func(st *policy.State) error { st.Ramp.Step = 7; return nil })
	if err == nil {
		t.Error("a step that is none was written")
	}
}
