package ramp

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
)

// desk plays the operator state and the dispatcher.
type desk struct {
	mu      sync.Mutex
	state   policy.State
	history []policy.Edit
	calls   map[string]Calls
	leads   bool
}

func (d *desk) State() *policy.State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copied()
}

func (d *desk) copied() *policy.State {
	raw, _ := json.Marshal(d.state)
	s := new(policy.State)
	_ = json.Unmarshal(raw, s)
	if s.Providers == nil {
		s.Providers = map[string]policy.Provider{}
	}
	return s
}

func (d *desk) Apply(_ context.Context, e policy.Edit, change func(*policy.State) error) (policy.Change, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.copied()
	if err := change(s); err != nil {
		return policy.Change{}, err
	}
	d.state = *s
	d.history = append(d.history, e)
	return policy.Change{}, nil
}

func (d *desk) told() (map[string]Calls, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.calls), d.leads
}

func (d *desk) add(name string, good, bad int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.calls[name]
	c.Good, c.Bad = c.Good+good, c.Bad+bad
	d.calls[name] = c
}

func (d *desk) actions() (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.history {
		out = append(out, strings.TrimPrefix(e.Action, "provider.switch."))
	}
	return out
}

func (d *desk) ramp() policy.Ramp { return *d.State().Ramp }

// begin starts a switch from a to b, five minutes a step, and a gateway that
// leads.
func begin(t *testing.T) *desk {
	t.Helper()
	now := time.Now().UTC()
	d := &desk{leads: true, calls: map[string]Calls{"a": {Good: 7000, Bad: 900}, "b": {Bad: 5}}}
	d.state.Ramp = &policy.Ramp{
		From: "a", To: "b", Steps: []int{10, 50, 100}, EverySeconds: 300, Floor: .9, Samples: 20, StartedAt: now, StepAt: now,
	}
	d.run(t)
	return d
}

// run starts another gateway.
func (d *desk) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := New(Deps{
		Policy: d, Calls: d.told, Logger: slog.New(slog.DiscardHandler),
		Providers: []routing.Provider{{Name: "a", Weight: 60}, {Name: "b", Weight: 10}},
	})
	ended := make(chan struct{})
	go func() { defer close(ended); _ = r.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	synctest.Wait()
	return stop
}

// pass lets time go by, and the gateways look at what they then see.
func pass(took time.Duration) {
	time.Sleep(took) //nolint:forbidigo // no time passes in a bubble
	synctest.Wait()
}

func TestStepsFollowTheClockWhileTheNewProviderWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := begin(t)
		pass(lookEvery / 2) // between two looks
		for step := range 3 {
			d.add("b", 39, 1)
			d.add("a", 39, 1)
			pass(290 * time.Second)
			if r := d.ramp(); r.Step != step || !r.Running() {
				t.Fatalf("before its time: %+v", r)
			}
			pass(10 * time.Second)
		}
		r, s := d.ramp(), d.State()
		if r.End != policy.RampDone || r.EndedAt == nil || !strings.Contains(r.Why, "98% of 40 calls") {
			t.Errorf("after the last step: %+v", r)
		}
		if s.Weight("a", 60) != 0 || s.Weight("b", 10) != 70 {
			t.Errorf("weights = %d and %d, want all of it with the new one", s.Weight("a", 60), s.Weight("b", 10))
		}
		if got := d.actions(); !slices.Equal(got, []string{"step", "step", "weights", "done"}) {
			t.Errorf("history = %v", got)
		}
		if e := d.history[0]; e.Who == "" || e.Subject != "a → b" || !strings.HasPrefix(e.Reason, "50%: b made a picture of 98%") {
			t.Errorf("the first step is noted as %+v", e)
		}
	})
}

func TestAStepWaitsForEnoughCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := begin(t)
		d.add("b", 19, 0)
		pass(time.Hour)
		if r := d.ramp(); r.Step != 0 || !r.Running() {
			t.Fatalf("with 19 calls: %+v", r)
		}
		d.add("b", 1, 0)
		pass(lookEvery + lookEvery/2)
		if r := d.ramp(); r.Step != 1 {
			t.Errorf("with 20 calls: %+v", r)
		}
		pass(time.Hour)
		if r := d.ramp(); r.Step != 1 {
			t.Errorf("the calls of the step before count again: %+v", r)
		}
	})
}

func TestANewProviderThatFailsIsRolledBackAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b    Calls
		tripped bool
		back    bool
	}{
		"below the floor":                     {b: Calls{Good: 14, Bad: 6}, back: true},
		"below the floor by chance":           {b: Calls{Good: 17, Bad: 3}},
		"a few calls say nothing":             {b: Calls{Bad: 10}},
		"a few calls that tripped a breaker":  {b: Calls{Bad: 10}, tripped: true, back: true},
		"a breaker that says nothing of this": {tripped: true},
		"worse than the old one":              {a: Calls{Good: 3000}, b: Calls{Good: 955, Bad: 45}, back: true},
		"no worse than the old one":           {a: Calls{Good: 2900, Bad: 100}, b: Calls{Good: 955, Bad: 45}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := begin(t)
				d.add("a", c.a.Good, c.a.Bad)
				d.add("b", c.b.Good, c.b.Bad)
				d.mu.Lock()
				b := d.calls["b"]
				b.Tripped = c.tripped
				d.calls["b"] = b
				d.mu.Unlock()
				pass(lookEvery + lookEvery/2)
				r := d.ramp()
				if (r.End == policy.RampRolledBack) != c.back || r.Running() == c.back {
					t.Fatalf("a second later: %+v", r)
				}
				if !c.back {
					return
				}
				if got := d.actions(); !slices.Equal(got, []string{"rollback"}) || r.Why == "" || len(d.State().Providers) != 0 {
					t.Errorf("history %v, why %q, providers %v", got, r.Why, d.State().Providers)
				}
			})
		})
	}
}

func TestANewProviderThatIsSwitchedOffIsRolledBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := begin(t)
		d.mu.Lock()
		d.state.Providers = map[string]policy.Provider{"b": {Disabled: true}}
		d.mu.Unlock()
		pass(lookEvery + lookEvery/2)
		if r := d.ramp(); r.End != policy.RampRolledBack || r.Why != "b was switched off" {
			t.Errorf("got %+v", r)
		}
	})
}

// The state says which step it is and since when; whoever leads next counts
// that step's calls anew, also when the counts begin from nothing.
func TestASwitchOutlivesItsGateway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := begin(t)
		d.add("b", 40, 0)
		pass(200 * time.Second)
		d.mu.Lock()
		d.calls = map[string]Calls{} // another term
		d.mu.Unlock()
		d.run(t) // and another gateway beside the first
		pass(200 * time.Second)
		if r := d.ramp(); r.Step != 0 {
			t.Fatalf("calls of the term before count: %+v", r)
		}
		d.add("b", 20, 0)
		pass(lookEvery + lookEvery/2)
		if r := d.ramp(); r.Step != 1 || time.Since(r.StepAt) > lookEvery {
			t.Errorf("after 20 calls of the new term: %+v", r)
		}
		if got := d.actions(); got[0] != "step" || d.ramp().Step != 1 {
			t.Errorf("two gateways took the step twice: %v", got)
		}
	})
}

func TestOnlyTheLeaderMovesTasks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := begin(t)
		d.mu.Lock()
		d.leads = false
		d.mu.Unlock()
		d.add("b", 0, 100)
		pass(time.Hour)
		if got := d.actions(); len(got) > 0 {
			t.Errorf("history = %v", got)
		}
	})
}
