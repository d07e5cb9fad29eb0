package httpapi

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// ready plays gateway/readiness.
type ready struct {
	mu     sync.Mutex
	report readiness.Report
}

func (r *ready) Report(context.Context) readiness.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report
}

func (r *ready) lose(detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report = readiness.Report{Checks: []readiness.Result{{Name: "engine", Detail: detail}, {Name: "store", OK: true}}}
}

func (r *ready) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report = readiness.Report{Ready: true}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	found := &ready{report: readiness.Report{Ready: true, Checks: []readiness.Result{{Name: "engine", OK: true}}}}
	h := start(t, func(_ *Config, d *Deps) { d.Ready = found })
	for _, path := range []string{"/readyz", "/readyz?verbose"} {
		if r := h.do("GET", path, "", ""); r.status != 200 || strings.TrimSpace(string(r.body)) != `{"ready":true,"checks":[{"name":"engine","ok":true}]}` {
			t.Errorf("ready: %d %s", r.status, r.body)
		}
	}
	found.lose("dial tcp 10.0.0.7:4222: refused")
	for _, path := range []string{"/readyz", "/readyz?verbose"} {
		r := h.do("GET", path, "", "")
		if r.status != 503 || r.header.Get("Retry-After") == "" || strings.TrimSpace(string(r.body)) != `{"ready":false,"checks":[{"name":"engine","ok":false},{"name":"store","ok":true}]}` {
			t.Errorf("not ready: %d %s", r.status, r.body)
		}
	}
	if r := h.do("GET", "/livez", "", ""); r.status != 200 {
		t.Errorf("live: %d", r.status)
	}
	if r := h.do("GET", "/version", "", ""); r.json(t)["version"] != "1.2.3" {
		t.Errorf("version: %s", r.body)
	}
}

func TestProbesAreNoNoise(t *testing.T) {
	t.Parallel()
	found := &ready{report: readiness.Report{Ready: true}}
	h := start(t, func(_ *Config, d *Deps) { d.Ready = found })
	ask := func() {
		for range 5 {
			h.do("GET", "/livez", "", "")
			h.do("GET", "/readyz", "", "")
		}
	}
	ask()
	found.lose("dial tcp 10.0.0.7:4222: refused")
	ask()
	found.lose("no answer") // the same check, for another cause
	ask()
	found.mend()
	ask()
	log := h.log.String()
	for line, want := range map[string]int{
		`"gateway is ready"`: 2, `"gateway is not ready"`: 1, "10.0.0.7:4222": 1, `"/readyz"`: 0, `"/livez"`: 0, `"ERROR"`: 0,
	} {
		if got := strings.Count(log, line); got != want {
			t.Errorf("%s is said %d times, want %d:\n%s", line, got, want, log)
		}
	}
}

// broken is an account that cannot be read.
type broken struct{ err error }

func (b broken) Of(context.Context, session.ID) (quota.Usage, error) { return quota.Usage{}, b.err }

func TestWhatIsAwayIsAWarningAndABugAnError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		level string
	}{
		{fault.New(fault.EngineUnavailable), "WARN"}, {fault.New(fault.StorageFull), "WARN"}, {fault.New(fault.EngineTimeout), "WARN"},
		{errors.New("a bug"), "ERROR"},
	} {
		h := start(t, func(_ *Config, d *Deps) { d.Quota = broken{c.err} })
		h.world.sessions["one"] = true
		r := h.do("GET", "/session", "one", "")
		if log := h.log.String(); r.status < 500 || !strings.Contains(log, `"level":"`+c.level+`","msg":"request"`) {
			t.Errorf("%v: %d, and the log says %s", c.err, r.status, log)
		}
	}
}
