package e2e_test

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// series reads what a program shows at /metrics.
func series(t *testing.T, address string) map[string]float64 {
	t.Helper()
	out := make(map[string]float64)
	for line := range strings.Lines(scrape(t, address, "")) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if name += "}"; !ok {
			name, value, _ = strings.Cut(strings.TrimSpace(line), " ")
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(line, "#") {
			out[name] = v
		}
	}
	return out
}

// shows waits until each series, added up over programs, is as it should be.
func shows(t *testing.T, want map[string]float64, addresses ...string) {
	t.Helper()
	var got map[string]float64
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("last seen %v, want %v", got, want)
		}
	})
	eventually(t, func() bool {
		got = make(map[string]float64)
		for _, a := range addresses {
			for name, v := range series(t, a) {
				if _, asked := want[name]; asked {
					got[name] += v
				}
			}
		}
		return maps.Equal(got, want)
	})
}

// admin is where a worker is observed, as its log says.
func (p byHand) admin(t *testing.T) (address string) {
	t.Helper()
	eventually(t, func() bool {
		for line := range strings.Lines(p.said()) {
			var said struct{ Msg, Admin string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "worker serves" {
				address = said.Admin
			}
		}
		return address != ""
	})
	return address
}

func TestTheMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	paid := section{"providers": []section{{"name": "a", "kind": "mock", "model": "picture=copy", "priceFen": 20}}}
	s := gatewayWith(t, laid(laid(unlimited(), paid), section{"objectives": section{"success": 0.9, "p95": "17s", "errors": 0.2}}))
	w := s.workerWith(t, paid)
	p := s.person(t, 1)
	for _, seed := range []int64{1, 2, 1} { // the last is cached
		p.finish(t, p.submit(t, seed).TaskID)
	}
	shows(t, map[string]float64{
		"imgfleet_dispatch_leader": 1, "imgfleet_engine_connected": 1, "imgfleet_store_up": 1, "imgfleet_intake_paused": 0,
		"imgfleet_queue_oldest_seconds": 0, `imgfleet_workers{state="idle"}`: 1, `imgfleet_workers{state="busy"}`: 0,
	}, s.admin)
	at := w.admin(t)
	lint(t, at)
	if got := series(t, at); got[`imgfleet_generate_attempts_total{class="",outcome="ok",provider="a"}`] != 2 {
		t.Errorf("the worker counts %v", got)
	}
	w.Signal(syscall.SIGTERM)
	shows(t, map[string]float64{`imgfleet_workers{state="idle"}`: 0, `imgfleet_workers{state="draining"}`: 0}, s.admin)
	waits := p.submit(t, 3)
	eventually(t, func() bool { return series(t, s.admin)["imgfleet_queue_oldest_seconds"] > 0 })
	if _, err := p.Cancel(t.Context(), waits.TaskID); err != nil {
		t.Fatal(err)
	}
	s.workerWith(t, section{"providers": []section{{"name": "a", "kind": "mock", "model": "fail=1&class=content"}}})
	if doc := p.finish(t, p.submit(t, 4).TaskID); doc.State != task.Failed {
		t.Fatalf("%+v", doc)
	}
	ops := s.operators(t, "")
	if _, err := ops.ChangeIntake(t.Context(), operator.Intake{Paused: true}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	shows(t, map[string]float64{
		`imgfleet_tasks_total{code="",state="succeeded"}`: 2, `imgfleet_tasks_total{code="cached",state="succeeded"}`: 1,
		`imgfleet_tasks_total{code="",state="canceled"}`: 1, `imgfleet_tasks_total{code="content_refused",state="failed"}`: 1,
		`imgfleet_task_seconds_count{state="succeeded"}`: 2, `imgfleet_task_seconds_count{state="failed"}`: 1,
		`imgfleet_task_seconds_bucket{state="succeeded",le="7"}`: 2, `imgfleet_task_seconds_bucket{state="succeeded",le="17"}`: 2,
		`imgfleet_pictures_total{model="mock",provider="a"}`: 2, `imgfleet_picture_fen_total{model="mock",provider="a"}`: 40,
		"imgfleet_objective_seconds": 17, "imgfleet_objective_success_ratio": 0.9, "imgfleet_intake_paused": 1, "imgfleet_queue_oldest_seconds": 0,
	}, s.admin)
	lint(t, s.admin)
	if series(t, s.admin)["imgfleet_engine_bytes"] == 0 {
		t.Error("the engine has no size")
	}
	seeMeasured(t, ops)
}

// seeMeasured compares what operators are told with what happened above.
func seeMeasured(t *testing.T, ops *operator.Client) {
	t.Helper()
	got, err := ops.Status(t.Context())
	if err != nil || len(got.Objectives) != 3 || got.WindowSeconds != 3600 {
		t.Fatalf("%+v, %v", got, err)
	}
	success, p95, errors := got.Objectives[0], got.Objectives[1], got.Objectives[2]
	if success.Objective != 0.9 || success.Of != 2 || success.Measured == nil || *success.Measured != 1 {
		t.Errorf("success: %+v", success)
	}
	if p95.Objective != 17 || p95.Of != 2 || p95.Measured == nil || *p95.Measured > 17 || p95.Missed {
		t.Errorf("p95: %+v", p95)
	}
	if errors.Objective != 0.2 || errors.Of == 0 || errors.Measured == nil {
		t.Errorf("errors: %+v", errors)
	}
	costs, err := ops.Costs(t.Context(), 2)
	if err != nil || len(costs) == 0 || costs[0].Pictures != 2 || costs[0].FenPerPicture == nil || *costs[0].FenPerPicture != 20 {
		t.Errorf("costs: %+v, %v", costs, err)
	}
}

// A task that one leader begins and the next one ends counts once.
func TestTwoGatewaysCountEachTaskOnce(t *testing.T) {
	t.Parallel()
	engine, at := threeNodes(t), porttest.Must(t, 1)[0]
	config := laid(unlimited(), section{
		"providers": []section{{"name": "mock", "kind": "mock", "model": "latency=3s&jitter=0s&steps=2"}},
		"engine":    section{"url": engine.URL, "token": engine.Token}, "store": section{"shared": true},
		"http": section{"internalUrl": "http://" + at}, // workers bring pictures to the one that stays
	})
	first := gatewayWith(t, config)
	second := gatewayWith(t, laid(config, section{"http": section{"listen": at}, "data": section{"dir": first.data}}))
	second.data = first.data // with the token for its workers
	second.workerWith(t, config)
	shows(t, map[string]float64{"imgfleet_dispatch_leader": 1}, first.admin)
	shows(t, map[string]float64{"imgfleet_dispatch_leader": 0}, second.admin)
	p := second.person(t, 1)
	for seed := range int64(2) {
		p.finish(t, p.submit(t, seed).TaskID)
	}
	const done = `imgfleet_tasks_total{code="",state="succeeded"}`
	shows(t, map[string]float64{done: 2}, first.admin, second.admin)
	var running []task.ID
	for seed := range int64(3) {
		running = append(running, p.submit(t, 10+seed).TaskID)
	}
	eventually(t, func() bool { d, err := p.Get(t.Context(), running[2]); return err == nil && d.State == task.Running })
	before := series(t, first.admin)[done]
	<-first.Signal(syscall.SIGTERM)
	for _, id := range running {
		if doc := p.finish(t, id); doc.State != task.Succeeded {
			t.Errorf("%+v", doc)
		}
	}
	shows(t, map[string]float64{done: 5 - before, "imgfleet_dispatch_leader": 1}, second.admin)
}

func lint(t *testing.T, address string) {
	t.Helper()
	problems, err := promlint.New(strings.NewReader(scrape(t, address, ""))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%s: %v, %v", address, problems, err)
	}
}
