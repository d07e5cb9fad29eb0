package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

func TestTroubleWithProvidersIsTold(t *testing.T) {
	t.Parallel()
	a, b, mock := routing.Provider{Name: "a", PriceFen: 20}, routing.Provider{Name: "b"}, routing.Provider{Name: "m", Kind: "mock"}
	both := []fleet.Member{worker("w1", "x", 4, "a", "b"), worker("w2", "y", 4, "a", "m")}
	refused := ProviderStatus{Failing: true, Refusal: &health.Refusal{Class: task.ClassAuth, Code: "InvalidKey", Message: "no such key"}, Tasks: 2, Photos: 1}
	soon := time.Now().Add(time.Minute)
	open := func(regions ...string) ProviderStatus {
		s := ProviderStatus{Breakers: map[string]string{}, Until: map[string]time.Time{}}
		for _, r := range regions {
			s.Breakers[r], s.Until[r] = health.Open, soon
		}
		return s
	}
	healed, again := open("x"), open("x")
	healed.Breakers["x"], again.Breakers["x"], again.Tasks = health.HalfOpen, health.HalfOpen, 1
	left := open("x")
	left.Why = map[string]health.Refusal{"x": {Class: task.ClassQuota, Code: "Arrears"}}
	off := func(names ...string) *policy.State {
		s := &policy.State{Providers: map[string]policy.Provider{}}
		for _, n := range names {
			s.Providers[n] = policy.Provider{Disabled: true, Reason: "bill"}
		}
		return s
	}
	for name, c := range map[string]struct {
		scene scene
		want  string
	}{
		"all is well":              {scene{state: off(), workers: both}, ""},
		"one fails":                {scene{state: off(), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": refused}}}, "provider_failing a: a gives no pictures: auth InvalidKey: no such key (2 tasks with one photo since its last picture)"},
		"one that is off may fail": {scene{state: off("a"), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": refused}}}, ""},
		"all are off":              {scene{state: off("a", "b"), workers: both}, "no_provider : no provider makes pictures: a is switched off (bill); b is switched off (bill)"},
		"off or failing": {
			scene{state: off("b"), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": refused}}},
			"provider_failing a: a gives no pictures: auth InvalidKey: no such key (2 tasks with one photo since its last picture)|no_provider : no provider makes pictures: a fails (auth InvalidKey); b is switched off (bill)",
		},
		"open in one of two regions": {scene{state: off("b"), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": open("x")}}}, "provider_failing a: a gives no pictures"},
		"and why it is":              {scene{state: off("b"), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": left}}}, "provider_failing a: a was left alone: quota Arrears"},
		"well again elsewhere":       {scene{state: off("b"), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": healed}}}, ""},
		"not yet":                    {scene{state: off("b"), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": again}}}, "provider_failing a: a gives no pictures"},
		"open everywhere":            {scene{state: off("b"), workers: both, known: Known{Providers: map[string]ProviderStatus{"a": open("x", "y")}}}, "provider_failing a: a gives no pictures|no_provider : no provider makes pictures: a fails; b is switched off (bill)"},
		"no worker calls them":       {scene{state: off(), workers: both[1:], known: Known{}}, ""},
		"none calls any":             {scene{state: off(), workers: []fleet.Member{worker("w", "x", 1, "m")}}, "no_provider : no provider makes pictures: a has no worker; b has no worker"},
		"no workers is another one":  {scene{state: off()}, ""},
		"spent": {
			scene{state: &policy.State{Budgets: map[string]int64{"a": 100}, Providers: off("b").Providers}, workers: both, known: Known{Providers: map[string]ProviderStatus{"a": {SpentFen: 90}}}},
			"no_provider : no provider makes pictures: a has spent its budget; b is switched off (bill)",
		},
	} {
		c.scene.providers = []routing.Provider{a, b, mock}
		var got []string
		for _, a := range c.scene.troubles() {
			got = append(got, string(a.What)+" "+a.Name+": "+a.Message)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: %s\nwant %s", name, s, c.want)
		}
	}
}

// What operators know of a provider outlives the gateway: the calls, the last
// refusal, and since when the alarm stands.
func TestWhatIsKnownOfAProviderOutlivesARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, touchy)
	d := w.start()
	j := w.accept()
	w.next().outcome(workerrpc.Outcome{Result: task.Rejected, Class: task.ClassAuth, Code: "no\x1b[2Jkey", Message: "Bearer abcdef is not known"})
	w.finished(j)
	var before Alarm
	eventually(t, "the alarm", func() bool {
		for _, a := range d.Status().Alarms {
			if a.What == alarm.ProviderFailing && a.Name == "a" {
				before = a
			}
		}
		return !before.Since.IsZero()
	})
	if strings.Contains(before.Message, "abcdef") || strings.Contains(before.Message, "\x1b") || !strings.Contains(before.Message, "is not known") {
		t.Errorf("the alarm says %q", before.Message)
	}
	d.stop()
	again := w.start()
	eventually(t, "the next knows it", func() bool {
		s := again.Status()
		p := s.Providers["a"]
		return s.Leader && p.Calls == 1 && p.Refusal != nil && p.Refusal.Class == task.ClassAuth && p.Failing
	})
	eventually(t, "the alarm stands", func() bool {
		for _, a := range again.Status().Alarms {
			if a.What == before.What && a.Name == before.Name {
				return a.Since.Equal(before.Since)
			}
		}
		return false
	})
	next := w.accept()
	w.next().ok()
	w.finished(next)
	eventually(t, "a picture ends it", func() bool { return len(again.Status().Alarms) == 0 })
	if got := last(w.finished(j)); got.Failure == nil || got.Attempts[0].Message == "" || fault.Code(got.Attempts[0].Code) == "" {
		t.Errorf("the attempt: %+v", got.Attempts)
	}
}
