package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

func step(name string, change ...func(*routing.Step)) routing.Step {
	s := routing.Step{Provider: routing.Provider{Name: name}}
	for _, c := range change {
		c(&s)
	}
	return s
}

func degraded(s *routing.Step) { s.Degraded = true }

func bound(n int) func(*routing.Step) { return func(s *routing.Step) { s.MaxConcurrent = n } }

func slotsOf(ms ...fleet.Member) *slots {
	s := newSlots(health.New(health.DefaultBreaking()), billing.NewAccounts(), func() error { return nil })
	s.refresh(ms, &policy.State{})
	return s
}

// limit lets a provider refuse one of two calls for their rate, so that it
// bears one.
func limit(h *health.Health, provider string, now time.Time) {
	h.Report(health.Call{Lane: health.Lane{Provider: provider}, InFlight: 2}, workerrpc.Outcome{Class: task.ClassRate}, now)
}

// took names the worker and the provider of a slot.
func took(s *run.Slot) string {
	if s == nil {
		return "nothing"
	}
	return s.Worker + " " + s.Step.Name
}

func TestTheBestSlotIsTaken(t *testing.T) {
	t.Parallel()
	const spill = time.Second
	east, west := worker("e", "east", 2, "a", "b", "m"), worker("w", "west", 4, "a", "b", "m")
	now := time.Unix(1_000_000, 0)
	busy := func(s *slots, id, provider string, n int) {
		for range n {
			s.occupy(&task.Attempt{Worker: id}, step(provider), "")
		}
	}
	for name, c := range map[string]struct {
		workers []fleet.Member
		before  func(*slots)
		need    need
		want    string
	}{
		"the emptier worker": {need: need{steps: []routing.Step{step("a")}, spill: spill}, before: func(s *slots) { busy(s, "e", "x", 1); busy(s, "w", "x", 1) }, want: "w a"},
		"home":               {need: need{steps: []routing.Step{step("a")}, region: "east", spill: spill}, before: func(s *slots) { busy(s, "e", "x", 1) }, want: "e a"},
		"home is full":       {need: need{steps: []routing.Step{step("a")}, region: "east", spill: spill}, before: func(s *slots) { busy(s, "e", "x", 2) }, want: "nothing"},
		"home is full for long": {
			need: need{steps: []routing.Step{step("a")}, region: "east", spill: spill, waited: spill}, before: func(s *slots) { busy(s, "e", "x", 2) }, want: "w a",
		},
		"home is not full after long": {need: need{steps: []routing.Step{step("a")}, region: "east", spill: spill, waited: spill}, before: func(s *slots) { busy(s, "e", "x", 1) }, want: "e a"},
		"no home":                     {need: need{steps: []routing.Step{step("a")}, region: "north", spill: spill}, before: func(s *slots) { busy(s, "e", "x", 1) }, want: "w a"},
		"the second choice waits":     {need: need{steps: []routing.Step{step("a", bound(1)), step("b")}, spill: spill}, before: func(s *slots) { busy(s, "w", "a", 1) }, want: "nothing"},
		"the second choice after long": {
			need: need{steps: []routing.Step{step("a", bound(1)), step("b")}, spill: spill, waited: spill}, before: func(s *slots) { busy(s, "w", "a", 1) }, want: "e b",
		},
		"the second choice after a failure": {
			need: need{steps: []routing.Step{step("a", bound(1)), step("b")}, spill: spill, attempt: true}, before: func(s *slots) { busy(s, "w", "a", 1) }, want: "e b",
		},
		"one that bears fewer calls than configured is not waited for": {
			need: need{steps: []routing.Step{step("a"), step("b")}, spill: spill}, before: func(s *slots) { busy(s, "w", "a", 1); limit(s.health, "a", now.Add(-time.Minute)) }, want: "e b",
		},
		"nobody offers the first": {need: need{steps: []routing.Step{step("z"), step("b")}, spill: spill}, want: "e b"},
		"a stand-in never for a busy one": {
			need: need{steps: []routing.Step{step("a", bound(1)), step("m", degraded)}, waited: time.Hour, attempt: true}, before: func(s *slots) { busy(s, "w", "a", 1) }, want: "nothing",
		},
		"a stand-in never for a resting one": {
			need: need{steps: []routing.Step{step("a"), step("m", degraded)}, attempt: true, rest: map[string]time.Time{"a": now.Add(time.Hour)}}, want: "nothing",
		},
		"a stand-in for one that nobody offers": {need: need{steps: []routing.Step{step("z"), step("m", degraded)}, spill: spill}, want: "e m"},
		"one that rests is passed over":         {need: need{steps: []routing.Step{step("a"), step("b")}, attempt: true, rest: map[string]time.Time{"a": now.Add(time.Hour)}}, want: "e b"},
		"one that rested":                       {need: need{steps: []routing.Step{step("a"), step("b")}, attempt: true, rest: map[string]time.Time{"a": now.Add(-time.Hour)}}, want: "e a"},
		"another than the one that failed":      {need: need{steps: []routing.Step{step("a")}, avoid: map[string]bool{"e": true}}, want: "w a"},
		"the one that failed when it is alone":  {workers: []fleet.Member{east}, need: need{steps: []routing.Step{step("a")}, avoid: map[string]bool{"e": true}}, want: "e a"},
		"a provider of one region":              {need: need{steps: []routing.Step{step("a", func(s *routing.Step) { s.Region = "west" })}}, want: "w a"},
		"no capacity at all":                    {workers: []fleet.Member{worker("z", "", 0, "a")}, need: need{steps: []routing.Step{step("a")}}, want: "nothing"},
		"no plan":                               {need: need{}, want: "nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ws := c.workers
			if ws == nil {
				ws = []fleet.Member{east, west}
			}
			s := slotsOf(ws...)
			if c.before != nil {
				c.before(s)
			}
			if got := took(s.take(c.need, now)); got != c.want {
				t.Errorf("took %s, want %s", got, c.want)
			}
		})
	}
}

func TestSlotsAddUp(t *testing.T) {
	t.Parallel()
	leaving := worker("l", "", 9, "a")
	leaving.Draining = true
	s := slotsOf(worker("w1", "", 2, "a"), worker("w2", "", 3, "a"), leaving)
	if s.capacity != 5 || s.free() != 5 {
		t.Fatalf("capacity %d, free %d", s.capacity, s.free())
	}
	var all []*run.Slot
	now, n := time.Unix(1_000_000, 0), need{steps: []routing.Step{step("a")}}
	for got := s.take(n, now); got != nil; got = s.take(n, now) {
		all = append(all, got)
	}
	if len(all) != 5 || s.free() != 0 || s.busy["w1"] != 2 || s.busy["w2"] != 3 || s.providers["a"] != 5 {
		t.Errorf("%d taken: %v, %v", len(all), s.busy, s.providers)
	}
	s.occupy(&task.Attempt{Worker: "w1"}, step("a"), "") // found running: more than there is room for
	if s.free() != 0 {
		t.Errorf("free %d", s.free())
	}
	s.release(all[0])
	if s.move(all[1], map[string]bool{all[1].Worker: true}, now) && s.busy["w1"] > 2 {
		t.Errorf("moved to a full worker: %v", s.busy)
	}
	for _, x := range all[1:] {
		s.release(x)
	}
	s.release(&run.Slot{Worker: "w1", Step: step("a")})
	if len(s.busy) != 0 || len(s.providers) != 0 || s.free() != 5 {
		t.Errorf("left: %v, %v", s.busy, s.providers)
	}
}

func TestASlotMovesOnlyToSomebodyElse(t *testing.T) {
	t.Parallel()
	s := slotsOf(worker("w1", "", 2, "a"), worker("w2", "", 1, "b"))
	now := time.Unix(1_000_000, 0)
	held := s.take(need{steps: []routing.Step{step("a")}}, now)
	if s.move(held, map[string]bool{"w1": true}, now) || held.Worker != "w1" || s.busy["w1"] != 1 {
		t.Errorf("moved to %s: %v", held.Worker, s.busy)
	}
}

func TestConfigSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Window: 0, Spill: -1, Trim: -1}.Validate()
	for _, key := range []string{"dispatch.window", "dispatch.spill", "dispatch.trim"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named: %v", key, err)
		}
	}
}
