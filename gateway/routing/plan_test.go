package routing

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func model(name string, weight int) Provider {
	return Provider{Name: name, Kind: "seedream", Weight: weight, Timeout: time.Minute}
}

func mock() Provider {
	return Provider{Name: "mock", Kind: mockKind, Weight: 100, Timeout: time.Minute}
}

func router(c Config, s *policy.State) *Router { return New(c, func() *policy.State { return s }) }

func names(steps []Step) (out []string) {
	for _, s := range steps {
		name := s.Name
		if s.Degraded {
			name += "!"
		}
		out = append(out, name)
	}
	return out
}

func TestThePlanFollowsConfigurationAndPolicy(t *testing.T) {
	t.Parallel()
	zero, ten := 0, 10
	off := policy.Provider{Disabled: true}
	for name, c := range map[string]struct {
		providers []Provider
		mock      bool
		policy    map[string]policy.Provider
		want      []string
	}{
		"the mock alone is no stand-in":     {providers: []Provider{mock()}, want: []string{"mock"}},
		"fallbacks keep their order":        {providers: []Provider{model("z", 0), model("a", 1), model("b", 0)}, want: []string{"a", "z", "b"}},
		"a stand-in comes last":             {providers: []Provider{mock(), model("a", 1), model("b", 0)}, mock: true, want: []string{"a", "b", "mock!"}},
		"a stand-in needs to be allowed":    {providers: []Provider{mock(), model("a", 1)}, want: []string{"a"}},
		"one that is off is left out":       {providers: []Provider{model("a", 1), model("b", 0)}, policy: map[string]policy.Provider{"a": off}, want: []string{"b"}},
		"the mock of a fleet that is off":   {providers: []Provider{model("a", 1), mock()}, mock: true, policy: map[string]policy.Provider{"a": off}, want: []string{"mock!"}},
		"all off":                           {providers: []Provider{model("a", 1)}, policy: map[string]policy.Provider{"a": off}},
		"a weight of zero is a fallback":    {providers: []Provider{model("a", 5), model("b", 1)}, policy: map[string]policy.Provider{"a": {Weight: &zero}}, want: []string{"b", "a"}},
		"a weight makes a first choice":     {providers: []Provider{model("a", 0), model("b", 0)}, policy: map[string]policy.Provider{"b": {Weight: &ten}}, want: []string{"b", "a"}},
		"policy about one that is not here": {providers: []Provider{model("a", 1)}, policy: map[string]policy.Provider{"gone": off}, want: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := names(router(Config{Providers: c.providers, Mock: c.mock}, &policy.State{Providers: c.policy}).Plan("x"))
			if !slices.Equal(got, c.want) {
				t.Errorf("plan = %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheOthersFollowHeaviestFirst(t *testing.T) {
	t.Parallel()
	r := router(Config{Providers: []Provider{model("a", 1), model("b", 5), model("c", 3)}}, &policy.State{})
	seen := make(map[string]bool)
	for range 200 {
		seen[strings.Join(names(r.Plan(task.ID(task.NewID()))), "")] = true
	}
	for _, want := range []string{"abc", "bca", "cba"} {
		if !seen[want] {
			t.Errorf("never %s: %v", want, seen)
		}
	}
	if len(seen) != 3 {
		t.Errorf("plans: %v", seen)
	}
}

func TestFirstChoicesFollowTheWeights(t *testing.T) {
	t.Parallel()
	r := router(Config{Providers: []Provider{model("a", 70), model("b", 20), model("c", 10)}}, &policy.State{})
	const n = 20_000
	count := make(map[string]int)
	for range n {
		count[r.Plan(task.ID(task.NewID()))[0].Name]++
	}
	for name, share := range map[string]float64{"a": 0.7, "b": 0.2, "c": 0.1} {
		if got := float64(count[name]) / n; math.Abs(got-share) > 0.02 {
			t.Errorf("%s came first in %.3f, want %.1f", name, got, share)
		}
	}
}

func TestAPlanIsStableAndComplete(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c Config
		for i := range rapid.IntRange(1, 6).Draw(t, "providers") {
			c.Providers = append(c.Providers, model(fmt.Sprint("p", i), rapid.IntRange(0, 5).Draw(t, "weight")))
		}
		r := router(c, &policy.State{})
		id := task.ID(rapid.String().Draw(t, "id"))
		plan := r.Plan(id)
		if !slices.Equal(names(plan), names(router(c, &policy.State{}).Plan(id))) {
			t.Fatal("another router plans otherwise")
		}
		got := names(plan)
		slices.Sort(got)
		if len(slices.Compact(got)) != len(c.Providers) {
			t.Fatalf("plan %v of %d providers", got, len(c.Providers))
		}
		for i := 1; i < len(plan); i++ {
			if plan[i].Weight > 0 && plan[i-1].Weight == 0 {
				t.Fatalf("a fallback before a first choice: %v", names(plan))
			}
		}
	})
}

func TestAPlanFollowsAChangeOfPolicyAtOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	state := &policy.State{}
	r := New(Config{Providers: []Provider{model("a", 1), model("b", 0)}}, func() *policy.State {
		mu.Lock()
		defer mu.Unlock()
		return state
	})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 1000 {
				if n := len(r.Plan("x")); n < 1 || n > 2 {
					t.Errorf("%d steps", n)
				}
			}
		})
	}
	for i := range 100 {
		next := &policy.State{}
		if i%2 == 0 {
			next.Providers = map[string]policy.Provider{"a": {Disabled: true}}
		}
		mu.Lock()
		state = next
		mu.Unlock()
		if got := len(r.Plan("x")); got != 2-(i+1)%2 {
			t.Errorf("after change %d: %d steps", i, got)
		}
	}
	readers.Wait()
}

func TestPlansCostNothing(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	r := router(Config{Providers: []Provider{model("a", 1), model("b", 2), mock()}, Mock: true}, &policy.State{})
	r.Plan("x")
	if n := testing.AllocsPerRun(100, func() { r.Plan("0123456789abcdefghjkmnpqrs") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConfigSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	if err := (Config{}).Validate(); err == nil || !strings.Contains(err.Error(), "at least one") {
		t.Errorf("no providers: %v", err)
	}
	sold := mock()
	sold.PriceFen = 1
	c := Config{Providers: []Provider{{Name: "a", Weight: -1}, {Name: "a", Timeout: time.Second}, sold}, Unknown: "maybe", DoublePayFenPerDay: -1}
	err := c.Validate()
	for _, key := range []string{"providers[0].weight", "providers[0].timeout", "providers[1].name", "providers[2].priceFen", "noticeAfter", "fallback.unknown", "doublePayFenPerDay", "maxAttempts"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named: %v", key, err)
		}
	}
	alone := Defaults()
	alone.Providers = []Provider{sold}
	if err := alone.Validate(); err != nil {
		t.Errorf("a mock that stands in for nobody may have a price: %v", err)
	}
}

// The share of a switch comes from one provider and goes to one; what the
// others get stays what it was.
func TestASwitchMovesAShareOfOneProvidersTasks(t *testing.T) {
	t.Parallel()
	c := Config{Providers: []Provider{model("a", 60), model("b", 0), model("c", 40)}}
	state := &policy.State{Ramp: &policy.Ramp{From: "a", To: "b", Steps: []int{10, 50, 100}}}
	const n = 20_000
	counts := func(r *Router) map[string]float64 {
		count := make(map[string]float64)
		for i := range n {
			count[r.Plan(task.ID(fmt.Sprint("task", i)))[0].Name] += 1. / n
		}
		return count
	}
	for step, want := range []map[string]float64{{"a": .54, "b": .06, "c": .4}, {"a": .3, "b": .3, "c": .4}, {"b": .6, "c": .4}} {
		state.Ramp.Step = step
		got := counts(router(c, state))
		for name, share := range map[string]float64{"a": want["a"], "b": want["b"], "c": want["c"]} {
			if math.Abs(got[name]-share) > 0.02 {
				t.Errorf("step %d: %s came first in %.3f, want %.2f", step, name, got[name], share)
			}
		}
	}
	if got := names(router(c, state).Plan("x")); len(got) != 3 || !slices.Contains(got, "a") {
		t.Errorf("plan = %v, want the old provider as a fallback", got)
	}
	state.Providers = map[string]policy.Provider{"b": {Disabled: true}}
	if got := counts(router(c, state)); math.Abs(got["a"]-.6) > .02 {
		t.Errorf("with the new provider off the old one got %.3f, want its own share", got["a"])
	}
	state.Providers, state.Ramp.End = nil, policy.RampRolledBack
	if got := counts(router(c, state)); math.Abs(got["a"]-.6) > .02 || got["b"] > 0 {
		t.Errorf("rolled back: %v", got)
	}
}

func TestAnArmsProviderIsFirstWhateverItsWeight(t *testing.T) {
	t.Parallel()
	off := policy.Provider{Disabled: true}
	c := Config{Providers: []Provider{mock(), model("a", 1), model("b", 0), model("c", 3), model("d", 0)}, Mock: true}
	for provider, want := range map[string]string{"a": "acbdmock!", "b": "bcadmock!", "c": "cabdmock!", "d": "dcabmock!"} {
		if got := strings.Join(names(router(c, &policy.State{}).Led("x", provider)), ""); got != want {
			t.Errorf("led by %s the plan is %s, want %s", provider, got, want)
		}
	}
	r := router(c, &policy.State{Providers: map[string]policy.Provider{"b": off}})
	for _, provider := range []string{"b", "mock", "nobody"} {
		if got := names(r.Led("x", provider)); !slices.Equal(got, names(r.Plan("x"))) {
			t.Errorf("led by %s, which cannot, the plan is %v", provider, got)
		}
	}
}

func TestWhatOperatorsSetWinsOverWhatIsConfigured(t *testing.T) {
	t.Parallel()
	state := &policy.State{}
	c := Defaults()
	c.Providers = []Provider{model("a", 1), mock()}
	r := New(c, func() *policy.State { return state })
	if got := r.Config(); got.Mock || got.Unknown != UnknownWait || got.HedgeBudget != 0 || got.DoublePayFenPerDay != 0 {
		t.Errorf("the built-in values are %+v", got.Fallback())
	}
	yes, next, share, fen := true, string(UnknownNext), 0.05, int64(200)
	state = &policy.State{Fallback: policy.Fallback{Mock: &yes, Unknown: &next, HedgeBudget: &share, DoublePayFenPerDay: &fen}}
	if got := r.Config(); !got.Mock || got.Unknown != UnknownNext || got.HedgeBudget != share || got.DoublePayFenPerDay != fen || got.NoticeAfter != c.NoticeAfter {
		t.Errorf("set, and it is %+v", got)
	}
	if got := names(r.Plan("x")); !slices.Equal(got, []string{"a", "mock!"}) {
		t.Errorf("the plan is %v", got)
	}
	if got := r.Configured(); got.Mock || got.HedgeBudget != 0 {
		t.Errorf("what is configured became %+v", got)
	}
	no := false
	state = &policy.State{Fallback: policy.Fallback{Mock: &no}}
	if got := names(r.Plan("x")); !slices.Equal(got, []string{"a"}) || r.Config().Unknown != UnknownWait {
		t.Errorf("after the reset the plan is %v, unknown %s", got, r.Config().Unknown)
	}
}

func TestInDevelopmentTheMockHasItsShareByWeight(t *testing.T) {
	t.Parallel()
	m := mock()
	m.Weight = 90
	c := Config{Providers: []Provider{m, model("a", 10), model("b", 0)}, Mock: true, MockShares: true}
	began := map[string]int{}
	for i := range 10_000 {
		steps := router(c, &policy.State{}).Plan(task.ID(fmt.Sprint(i)))
		plan := strings.Join(names(steps), "")
		if plan != "mockab" && plan != "abmock!" {
			t.Fatalf("the plan is %s", plan)
		}
		began[steps[0].Name]++
	}
	if n := began["a"]; n < 850 || n > 1150 {
		t.Errorf("%d of 10000 tasks began with the model, want a tenth", n)
	}
	c.Mock = false // the share is no permission to stand in
	if got := names(router(c, &policy.State{Providers: map[string]policy.Provider{"mock": {Disabled: true}}}).Plan("x")); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("with the mock off the plan is %v", got)
	}
	if got := names(router(c, &policy.State{}).Led("x", "a")); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("led by the model the plan is %v", got)
	}
	half := &policy.Ramp{From: "mock", To: "a", Steps: []int{50}}
	began = map[string]int{}
	for i := range 10_000 {
		began[router(c, &policy.State{Ramp: half}).Plan(task.ID(fmt.Sprint(i)))[0].Name]++
	}
	if n := began["mock"]; n < 4200 || n > 4800 {
		t.Errorf("half-way through a switch %v began with the mock, want 45 in a hundred", began)
	}
}
