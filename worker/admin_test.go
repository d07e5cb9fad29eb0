package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/program"
)

// started is a worker that runs, and its admin address as the log names it.
type started struct {
	admin string
	stop  func()
	log   *lines
}

func start(t *testing.T, environ ...string) started {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	log, done := new(lines), make(chan int, 1)
	go func() {
		done <- run(ctx, program.Process{Environ: append(environ, "IMGFLEET_LOG_FORMAT=json", "IMGFLEET_WORKER_SPOOL=off"), Stdin: strings.NewReader(""), Stderr: log})
	}()
	t.Cleanup(func() { stop(); <-done })
	w := started{stop: stop, log: log}
	until(t, "the worker serves", func() bool {
		for line := range strings.Lines(log.String()) {
			var said struct{ Msg, Admin string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "worker serves" {
				w.admin = said.Admin
			}
		}
		return w.admin != ""
	})
	return w
}

// until looks again and again, for as long as a busy machine may take.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in time", what)
		}
	}
}

func (w started) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "http://"+w.admin+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// fails are the checks that are not ok.
func (w started) fails(t *testing.T) (ready bool, checks []string) {
	t.Helper()
	status, body := w.get(t, "/readyz")
	var r operator.Readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil || r.Ready != (status == http.StatusOK) {
		t.Fatalf("%d %s", status, body)
	}
	for _, c := range r.Checks {
		if !c.OK {
			checks = append(checks, c.Name+": "+c.Detail)
		}
	}
	return r.Ready, checks
}

func TestEveryWorkerOfAMachineIsObservedOnItsOwn(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "tok")
	environ := []string{"IMGFLEET_WORKER_SPOOL=off", "IMGFLEET_FLEET_TOKEN=tok", `IMGFLEET_FLEET_GATEWAYS=["` + f.addr + `"]`}
	one, two := start(t, environ...), start(t, environ...)
	if one.admin == two.admin || !strings.HasPrefix(one.admin, "127.0.0.1:") {
		t.Errorf("they listen at %s and %s", one.admin, two.admin)
	}
	for _, w := range []started{one, two} {
		until(t, "the worker is ready", func() bool { ready, _ := w.fails(t); return ready })
		if status, body := w.get(t, "/livez"); status != http.StatusOK {
			t.Errorf("/livez: %d %s", status, body)
		}
		if status, body := w.get(t, "/metrics"); status != http.StatusOK || !strings.Contains(body, `imgfleet_build_info{program="worker"`) || strings.Contains(body, "tok") {
			t.Errorf("/metrics: %d %s", status, body)
		}
	}
}

func TestAWorkerThatNoGatewayKnowsIsNotReady(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "tok")
	w := start(t, "IMGFLEET_FLEET_TOKEN=another", `IMGFLEET_FLEET_GATEWAYS=["`+f.addr+`"]`)
	until(t, "it was refused", func() bool { return strings.Contains(w.log.String(), "takes no heartbeats") })
	if ready, checks := w.fails(t); ready || !slices.Equal(checks, []string{"gateways: no gateway takes heartbeats"}) {
		t.Errorf("ready %v, %q", ready, checks)
	}
}

func TestAWorkerThatItsGatewayForgetsIsNotReady(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "tok")
	w := start(t, "IMGFLEET_FLEET_TOKEN=tok", `IMGFLEET_FLEET_GATEWAYS=["`+f.addr+`"]`)
	until(t, "the worker is ready", func() bool { ready, _ := w.fails(t); return ready })
	f.close()
	until(t, "it is ready no more", func() bool { ready, _ := w.fails(t); return !ready })
	if status, _ := w.get(t, "/livez"); status != http.StatusOK {
		t.Errorf("/livez: %d", status)
	}
}

func TestAGatewayBelievesAWorkerForFiveSeconds(t *testing.T) {
	t.Parallel()
	r := registered{}
	r.note("a", nil)
	r.note("b", io.EOF)
	if !r.anywhere() {
		t.Error("it is not registered")
	}
	r.last["a"] = time.Now().Add(-heartbeatBelieved)
	if r.anywhere() {
		t.Error("a heartbeat is believed for ever")
	}
}

func TestADrainingWorkerIsNotReady(t *testing.T) {
	t.Parallel()
	h := &heartbeats{draining: make(chan struct{})}
	h.registered.note("a", nil)
	if r := h.ready(); !r.Ready {
		t.Errorf("%+v", r)
	}
	h.drain()
	if r := h.ready(); r.Ready || r.Checks[1].Detail != "it drains" {
		t.Errorf("%+v", r)
	}
}

func TestTheOldNameOfTheAdminListenerWorksOnce(t *testing.T) {
	t.Parallel()
	fleet := "fleet: {gateways: ['127.0.0.1:8082']}\n"
	code, said := checked(t, fleet+"worker: {metrics: '127.0.0.1:9100'}")
	if code != 0 || !strings.HasPrefix(said[0], "warning: worker.metrics (line 2): is called worker.admin.listen now") {
		t.Errorf("%d, %q", code, said)
	}
	if code, said = checked(t, fleet+"worker: {metrics: '127.0.0.1:9100', admin: {listen: '127.0.0.1:9101'}}"); code != 2 || !strings.Contains(said[0], "leave it out") {
		t.Errorf("%d, %q", code, said)
	}
	if key, address := (workerConfig{Metrics: "a", Admin: defaults().Worker.Admin}).observed(); key != "worker.metrics" || address != "a" {
		t.Errorf("%s %s", key, address)
	}
}
