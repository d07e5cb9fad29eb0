package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

const (
	busy       = 3 * time.Second               // more than promised, for a busy machine
	trueWithin = 3*time.Second + busy          // readiness says what is so
	backSoon   = backWithin + busy             // everything, after a part is there again
	allEnded   = taskPatience + 30*time.Second // tasks that were accepted
	lookAgain  = 100 * time.Millisecond
)

// someTime is for how long a part is away once that is known. TRIALS_LONG makes
// it longer.
func someTime() time.Duration {
	if os.Getenv("TRIALS_LONG") != "" {
		return 30 * time.Second
	}
	return 4 * time.Second
}

// trial is one gateway and one worker as processes of their own, from which
// something is taken away while people ask for pictures.
type trial struct {
	gateway *rig.Process
	worker  *rig.Process
	public  string
	another func(t *testing.T, spool string) *rig.Process // a worker at the same gateway
}

// trialConfig is what differs from one trial to the next.
type trialConfig struct {
	data    string         // of the gateway; "" for a directory of its own
	gateway map[string]any // more sections of its configuration
	worker  map[string]any // and of the worker's
	spool   string         // of the worker; "" for one of its own
	guess   string         // the worker's token; "" for the right one
	around  []string       // a command that the gateway is started by
}

// newTrial describes both and ends them with the test.
func newTrial(t *testing.T, c trialConfig) *trial {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	ports, err := rig.FreePorts(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	dir, tr := t.TempDir(), &trial{public: "http://" + ports[0]}
	if c.data == "" {
		c.data = filepath.Join(dir, "data")
	}
	const fleetToken = "fleet-of-a-trial"
	gateway := trialShared()
	maps.Copy(gateway, map[string]any{
		"http": map[string]any{"listen": ports[0]}, "admin": map[string]any{"listen": ports[1]},
		"fleet": map[string]any{"listen": ports[2], "token": fleetToken}, "data": map[string]any{"dir": c.data},
	})
	maps.Copy(gateway, c.gateway)
	worker := func(at, spool string) map[string]any {
		w := trialShared()
		maps.Copy(w, map[string]any{
			"fleet":  map[string]any{"gateways": []string{ports[2]}, "token": cmp.Or(c.guess, fleetToken)},
			"worker": map[string]any{"listen": at, "advertise": at, "region": "east", "capacity": 8, "spool": spool},
		})
		maps.Copy(w, c.worker)
		return w
	}
	env := rig.Environ(os.Environ())
	if tr.gateway, err = programs.Configured(dir, "gateway", rig.Gateway, env, gateway); err != nil {
		t.Fatal(err)
	}
	if len(c.around) > 0 {
		args := append(c.around[1:], programs.Path(rig.Gateway), "-config", filepath.Join(dir, "gateway.yaml"), "-exit-with-stdin")
		tr.gateway = rig.New("gateway", c.around[0], tr.gateway.LogPath(), env, args...)
	}
	if tr.worker, err = programs.Configured(dir, "worker", rig.Worker, env, worker(ports[3], c.spool)); err != nil {
		t.Fatal(err)
	}
	tr.another = func(t *testing.T, spool string) *rig.Process {
		t.Helper()
		w, err := programs.Configured(dir, "another", rig.Worker, env, worker(ports[4], spool))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Kill)
		return w
	}
	t.Cleanup(func() {
		tr.gateway.Kill()
		tr.worker.Kill()
		if t.Failed() {
			t.Logf("log of the gateway:\n%s\nlog of the worker:\n%s", tail(logOf(tr.gateway)), tail(logOf(tr.worker)))
		}
	})
	return tr
}

// trialShared is what both programs are told: limits that one address does
// not reach, and a mock that is quick.
func trialShared() map[string]any {
	return map[string]any{
		"limits":    map[string]any{"sessionPerMinute": 0, "ipPerMinute": 0, "ipDaily": 0, "ipSessionsPerHour": 0, "sessionDaily": 0, "sessionActive": 0, "sessionStreams": 0},
		"providers": []map[string]any{{"name": "mock", "kind": "mock", "model": "latency=200ms&jitter=0s&steps=3&picture=copy"}},
	}
}

// logOf is what a process has said.
func logOf(p *rig.Process) string {
	data, _ := os.ReadFile(p.LogPath())
	return string(data)
}

// start starts both and waits until they work.
func (tr *trial) start(t *testing.T) {
	t.Helper()
	if err := errors.Join(tr.gateway.Start(), tr.worker.Start()); err != nil {
		t.Fatal(err)
	}
	tr.becomes(t, "after the start", true, startPatience)
}

// becomes waits until readiness says so.
func (tr *trial) becomes(t *testing.T, when string, ready bool, patience time.Duration) {
	t.Helper()
	tr.shows(t, fmt.Sprintf("%s it says ready: %t", when, ready), patience, func(r operator.Readiness) bool { return r.Ready == ready })
}

// shows waits until /readyz says what is wanted.
func (tr *trial) shows(t *testing.T, what string, patience time.Duration, want func(operator.Readiness) bool) {
	t.Helper()
	begun := time.Now()
	if err := rig.Retry(t.Context(), patience, lookAgain, func(ctx context.Context) error {
		r, err := tr.readiness(ctx)
		if err == nil && !want(r) {
			err = fmt.Errorf("it is %+v", r)
		}
		return err
	}); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	t.Logf("%s after %v", what, time.Since(begun).Round(time.Millisecond))
}

// readiness is what GET /readyz?verbose answers, whose status must agree.
func (tr *trial) readiness(ctx context.Context) (r operator.Readiness, err error) {
	ctx, cancel := context.WithTimeout(ctx, rig.AnswerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, tr.public+"/readyz?verbose", http.NoBody)
	if err != nil {
		return r, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return r, err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		return r, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	if r.Ready != (resp.StatusCode == http.StatusOK) {
		return r, fmt.Errorf("status %d says %+v", resp.StatusCode, r)
	}
	return r, nil
}

// says wants a line in the log after the first so many bytes of it.
func says(t *testing.T, p *rig.Process, from int, pattern string) {
	t.Helper()
	if said := logOf(p)[from:]; !regexp.MustCompile(pattern).MatchString(said) {
		t.Errorf("the %s says nothing of %q in\n%s", p.Name(), pattern, tail(said))
	}
}

// quiet wants no flood in the logs of both.
func (tr *trial) quiet(t *testing.T) {
	t.Helper()
	for _, p := range []*rig.Process{tr.gateway, tr.worker} {
		n, words := rig.Noisiest(p.LogPath())
		if n > rig.MostLines {
			t.Errorf("the %s wrote %d lines in %v, most of them %q", p.Name(), n, rig.NoiseWindow, words)
		}
		t.Logf("the %s wrote %d lines, at most %d in %v (%s)", p.Name(), strings.Count(logOf(p), "\n"), n, rig.NoiseWindow, words)
	}
}
