package httpapi

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/readiness"
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
