package policy_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
)

func start(t *testing.T, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: dir, Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func open(t *testing.T, e *engine.Engine) *policy.Store {
	t.Helper()
	s, err := policy.Open(t.Context(), e, limit.Defaults(), &catalog.Document{Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mirrored runs the store's mirror until the test ends.
func mirrored(t *testing.T, s *policy.Store) *policy.Store {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return s
}

func setDaily(n int64) func(*policy.State) error {
	return func(s *policy.State) error { s.Limits["sessionDaily"] = n; return nil }
}

func disable(name string) func(*policy.State) error {
	return func(s *policy.State) error {
		s.Providers[name] = policy.Provider{Disabled: true, Reason: "billing"}
		return nil
	}
}

func apply(t *testing.T, s *policy.Store, e policy.Edit, change func(*policy.State) error) policy.Change {
	t.Helper()
	c, err := s.Apply(t.Context(), e, change)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWithoutAnOperatorTheConfiguredLimitsApply(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	if got := s.Limits(); got != limit.Defaults() {
		t.Errorf("limits = %+v, want the defaults", got)
	}
	if v := s.State().Version; v != 0 {
		t.Errorf("version = %d, want 0", v)
	}
	if v := s.Catalog().Version; v != 1 {
		t.Errorf("catalogue version = %d, want the built-in one", v)
	}
}

func TestAChangeIsLiveOnEveryGatewayWithinASecond(t *testing.T) {
	t.Parallel()
	e := start(t, t.TempDir())
	here, there := mirrored(t, open(t, e)), mirrored(t, open(t, e))
	changed := there.Changed()
	began := time.Now()
	apply(t, here, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3))
	if got := here.Limits().SessionDaily; got != 3 {
		t.Errorf("where it was changed: sessionDaily = %d, want 3 at once", got)
	}
	select {
	case <-changed:
	case <-time.After(10 * time.Second):
		t.Fatal("the other gateway never heard of it")
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v, want less than a second", took)
	}
	if got := there.Limits().SessionDaily; got != 3 {
		t.Errorf("elsewhere: sessionDaily = %d, want 3", got)
	}
}

func TestAChangeSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := start(t, dir)
	apply(t, open(t, e), policy.Edit{Who: "li", Action: "provider.disable", Subject: "seedream"}, disable("seedream"))
	e.Close()
	s := open(t, start(t, dir))
	if !s.State().Disabled("seedream") {
		t.Error("the provider is enabled again after a restart")
	}
	if h, err := s.History(t.Context(), 0); err != nil || len(h) != 1 || h[0].Subject != "seedream" {
		t.Errorf("history = %+v, %v, want the one change", h, err)
	}
}

func TestConcurrentChangesAreAllKept(t *testing.T) {
	t.Parallel()
	e := start(t, t.TempDir())
	stores := []*policy.Store{open(t, e), open(t, e)}
	const each = 10
	var writers sync.WaitGroup
	for _, s := range stores {
		writers.Go(func() {
			for range each {
				_, err := s.Apply(t.Context(), policy.Edit{Who: "w", Action: "quota.set"}, func(s *policy.State) error {
					s.Limits["queueDepth"]++
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	s := open(t, e)
	if got := s.State().Limits["queueDepth"]; got != 2*each {
		t.Errorf("queueDepth = %d, want %d", got, 2*each)
	}
	if got := s.State().Version; got != 2*each {
		t.Errorf("version = %d, want %d", got, 2*each)
	}
}

func TestHistoryTellsWhoWhenWhatAndWhy(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set", Subject: "limits", Reason: "launch"}, setDaily(3))
	apply(t, s, policy.Edit{Who: "wang", Action: "quota.set", Subject: "limits", Reason: "too low"}, setDaily(5))
	h, err := s.History(t.Context(), 1)
	if err != nil || len(h) != 1 {
		t.Fatalf("history = %v, %v, want one change", h, err)
	}
	c := h[0]
	if c.Version != 2 || c.Who != "wang" || c.Action != "quota.set" || c.Subject != "limits" || c.Reason != "too low" || time.Since(c.At) > time.Minute {
		t.Errorf("change = %+v", c)
	}
	if string(c.Before) != `{"limits":{"sessionDaily":3}}` || string(c.After) != `{"limits":{"sessionDaily":5}}` {
		t.Errorf("before %s, after %s", c.Before, c.After)
	}
}

func TestAChangeThatChangesNothingIsNotWritten(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3))
	if c := apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3)); !c.Empty() {
		t.Errorf("change = %+v, want empty", c)
	}
	if v := s.State().Version; v != 1 {
		t.Errorf("version = %d, want 1", v)
	}
}

func TestADryRunShowsTheChangeAndKeepsTheState(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	c := apply(t, s, policy.Edit{Who: "li", Action: "quota.set", DryRun: true}, setDaily(3))
	if string(c.After) != `{"limits":{"sessionDaily":3}}` || c.Version != 1 {
		t.Errorf("change = %+v", c)
	}
	if got := s.Limits().SessionDaily; got != 20 {
		t.Errorf("sessionDaily = %d, want 20 as before", got)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	heavy := 5000
	giveUp := errors.New("no")
	for name, tc := range map[string]struct {
		change func(*policy.State) error
		code   fault.Code
	}{
		"ANegativeLimit":    {setDaily(-1), "policy_invalid"},
		"AnUnknownLimit":    {func(s *policy.State) error { s.Limits["moons"] = 1; return nil }, "policy_invalid"},
		"AHugeWeight":       {func(s *policy.State) error { s.Providers["a"] = policy.Provider{Weight: &heavy}; return nil }, "policy_invalid"},
		"ALostCatalogue":    {func(s *policy.State) error { s.Catalog.Version = 4711; return nil }, "catalog_not_found"},
		"AChangeThatGaveUp": {func(*policy.State) error { return giveUp }, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := s.Apply(t.Context(), policy.Edit{Who: "li"}, tc.change); fault.CodeOf(err) != tc.code {
				t.Errorf("err = %v, want %s", err, tc.code)
			}
		})
	}
	wrong := 7
	if _, err := s.Apply(t.Context(), policy.Edit{Who: "li", Expect: &wrong}, setDaily(1)); fault.CodeOf(err) != fault.PreconditionFailed {
		t.Errorf("err = %v, want precondition_failed", err)
	}
	if v := s.State().Version; v != 0 {
		t.Errorf("version = %d, want 0", v)
	}
}

func TestUndoReversesOneChangeAndKeepsTheOthers(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3))
	apply(t, s, policy.Edit{Who: "li", Action: "provider.disable"}, disable("seedream"))
	c, err := s.Undo(t.Context(), 1, policy.Edit{Who: "wang"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Version != 3 || c.Action != "undo" || c.Subject != "1" {
		t.Errorf("change = %+v", c)
	}
	if s.Limits().SessionDaily != 20 || !s.State().Disabled("seedream") {
		t.Errorf("state = %+v, want only the first change gone", s.State())
	}
	if _, err := s.Undo(t.Context(), 3, policy.Edit{Who: "wang"}); err != nil || s.Limits().SessionDaily != 3 {
		t.Errorf("undoing the undo: %v, sessionDaily = %d, want 3", err, s.Limits().SessionDaily)
	}
}

func TestUndoIsRefusedWhenALaterChangeTouchedTheSame(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3))
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(5))
	if _, err := s.Undo(t.Context(), 1, policy.Edit{Who: "li"}); fault.CodeOf(err) != fault.UndoSuperseded {
		t.Errorf("err = %v, want undo_superseded", err)
	}
	if got := s.Limits().SessionDaily; got != 5 {
		t.Errorf("sessionDaily = %d, want 5 as before", got)
	}
	if _, err := s.Undo(t.Context(), 9, policy.Edit{Who: "li"}); fault.CodeOf(err) != fault.ChangeNotFound {
		t.Errorf("err = %v, want change_not_found", err)
	}
}

func TestAnActIsNotedAndCannotBeUndone(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3))
	c, err := s.Note(t.Context(), policy.Edit{Who: "li", Action: "session.erase", Subject: "s1"}, nil, map[string]int{"tasks": 2})
	if err != nil || c.Version != 2 || string(c.After) != `{"tasks":2}` {
		t.Fatalf("change = %+v, %v", c, err)
	}
	if _, err := s.Undo(t.Context(), 2, policy.Edit{Who: "li"}); fault.CodeOf(err) != fault.NotUndoable {
		t.Errorf("err = %v, want not_undoable", err)
	}
	if got := s.Limits().SessionDaily; got != 3 {
		t.Errorf("sessionDaily = %d, want 3 as before", got)
	}
}

func TestAPauseEndsByItself(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	i := policy.Intake{Paused: true, Until: &until}
	if !i.PausedAt(until.Add(-time.Second)) || i.PausedAt(until) {
		t.Error("the pause does not end when it should")
	}
}
