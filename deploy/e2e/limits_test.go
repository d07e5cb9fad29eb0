package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// flood asks for one thing at three gateways in turn, at a twentieth of its
// limit a second.
type flood struct {
	method, path, body string
	headers            []string
	limit              int
	within             time.Duration
	passes             []int // statuses that count

	passed, asked int
}

func (f *flood) ask(t *testing.T, gateways []string, times int) (passed int) {
	t.Helper()
	for range times {
		f.asked++
		resp, doc := answer(t, f.method, gateways[f.asked%len(gateways)]+f.path, f.body, f.headers...)
		for _, s := range f.passes {
			if resp.StatusCode == s {
				passed++
			}
		}
		if resp.StatusCode == http.StatusTooManyRequests && (resp.Header.Get("Retry-After") == "" || doc["code"] != "rate_limited") {
			t.Errorf("%s: refused with %v %v", f.path, resp.Header, doc)
		}
	}
	return passed
}

// run asks until the limit and a quarter more.
func (f *flood) run(ctx context.Context, t *testing.T, gateways []string) {
	t.Helper()
	for f.asked < f.limit+f.limit/4 {
		f.passed += f.ask(t, gateways, max(1, f.limit/20))
		if !rig.Wait(ctx, time.Second*time.Duration(max(1, f.limit/20)*20)/time.Duration(f.limit)) {
			return
		}
	}
}

func floods(one, another string) map[string]*flood {
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	return map[string]*flood{
		"sessionPerMinute":  {method: http.MethodGet, path: "/session", headers: bearer(one), limit: 60, within: time.Minute, passes: []int{http.StatusOK}},
		"ipPerMinute":       {method: http.MethodPost, path: "/session/link", headers: bearer(another), limit: 40, within: time.Minute, passes: []int{http.StatusCreated}},
		"ipSessionsPerHour": {method: http.MethodPost, path: "/sessions", limit: 20, within: time.Hour, passes: []int{http.StatusCreated}},
		"wrong link codes":  {method: http.MethodPost, path: "/sessions", body: `{"linkCode":"AAAAA-AAAAA"}`, limit: 10, within: 10 * time.Minute, passes: []int{http.StatusUnprocessableEntity}},
		"client errors":     {method: http.MethodPost, path: "/client-errors", body: `{"message":"x"}`, limit: 30, within: time.Minute, passes: []int{http.StatusAccepted}},
	}
}

// Three gateways have one limit together, and a restart begins no new one.
func TestLimitsHoldOverThreeGatewaysAndThroughARestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	settings := config(t, "latency=0s&jitter=0s", map[string]any{
		"session": section{"challenge": "off"},
		"limits":  section{"sessionPerMinute": 60, "ipPerMinute": 40, "ipSessionsPerHour": 20},
	})
	first := start(t, data, "--config", settings, "--gateways", "3", "--workers", "1")
	var tokens [2]string
	for i := range tokens {
		one, err := api(t, first.public[i]).NewSession(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = one.Token()
	}
	all := floods(tokens[0], tokens[1])
	all["ipSessionsPerHour"].passed = len(tokens)
	began := time.Now()
	var running sync.WaitGroup
	for _, f := range all {
		running.Go(func() { f.run(t.Context(), t, first.public) })
	}
	running.Wait()
	for name, f := range all {
		if f.passed < f.limit-f.limit/10 || f.passed > f.limit+f.limit/10 {
			t.Errorf("%s: %d pass, the limit is %d", name, f.passed, f.limit)
		}
	}
	if code, _ := first.interrupt(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	if err := first.gone(liveWithin); err != nil {
		t.Fatal(err)
	}
	second := start(t, data, "--config", settings, "--gateways", "3", "--workers", "1")
	for name, f := range all {
		again := f.ask(t, second.public, f.limit/2)
		if time.Since(began) < f.within && again > f.limit/10 {
			t.Errorf("%s: %d more pass after a restart", name, again)
		}
	}
}

// A hall is many phones behind one address. They do the work that they are asked
// for, and one of them floods.
func TestAHallBehindOneAddressGetsItsPictures(t *testing.T) {
	t.Parallel()
	const phones, together = 80, 6
	s := gatewayWith(t, section{"limits": section{"queueDepth": 1000}}) // all that are about people as they are
	s.workerWith(t, section{"providers": []section{{"name": "mock", "kind": "mock", "model": "latency=0s&jitter=0s"}}})
	flooder := s.person(t, 1)
	slowed := make(chan int, 1)
	flooding, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		refused := 0
		defer func() { slowed <- refused }()
		for rig.Wait(flooding, 10*time.Millisecond) { // ten times what its address may
			resp, _ := answer(t, http.MethodPost, "http://"+s.http+"/tasks/none/cancel", "", "Authorization", "Bearer "+flooder.Token())
			if resp.StatusCode == http.StatusTooManyRequests {
				refused++
			}
		}
	}()
	err := rig.Parallel(together, phones, func(i int) error {
		if err := s.picture(t.Context(), uint64(i)); err != nil { //nolint:gosec // small
			return fmt.Errorf("phone %d: %w", i, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	stop()
	if n := <-slowed; n == 0 {
		t.Error("the flooder is not slowed")
	}
}

// picture is one phone's visit: a session, a photo, a picture. Nothing is tried
// twice but what the client does by itself when it is asked for work.
func (s *site) picture(ctx context.Context, seed uint64) error {
	c := client.Defaults()
	c.BaseURL, c.Attempts = "http://"+s.http, 1
	api, err := client.New(c)
	if err != nil {
		return err
	}
	one, err := api.NewSession(ctx)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	bytes, err := photo.JPEG(seed, 320, 240, photo.Rotated)
	if err != nil {
		return err
	}
	up, err := one.Upload(ctx, "image/jpeg", bytes)
	if err != nil {
		return fmt.Errorf("photo: %w", err)
	}
	got, err := one.Submit(ctx, client.NewTask{UploadID: up.UploadID, Style: styleID, Place: placeID})
	if err != nil {
		return fmt.Errorf("task: %w", err)
	}
	end, err := one.Wait(ctx, got.TaskID)
	if err == nil && end.State != task.Succeeded {
		err = errors.New(string(end.State))
	}
	return err
}

// A session has its streams at all gateways together.
func TestStreamsOfASessionAreCountedOverThreeGateways(t *testing.T) {
	t.Parallel()
	const most = 5
	d := start(t, t.TempDir(), "--gateways", "3", "--workers", "1",
		"--config", config(t, "latency=60s&jitter=0s", map[string]any{"limits": section{"sessionStreams": most}}))
	p := newPerson(t, d, 1)
	path := "/tasks/" + string(p.submit(t, 1).TaskID) + "/stream"
	open := func(gateway int) (leave func(), status int) {
		ctx, leave := context.WithCancel(t.Context())
		t.Cleanup(leave)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.public[gateway%3]+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+p.Token())
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return leave, resp.StatusCode
	}
	var last func()
	for i := range most {
		leave, status := open(i)
		if status != http.StatusOK {
			t.Fatalf("stream %d of %d gets %d", i+1, most, status)
		}
		last = leave
	}
	want := func(status int) {
		t.Helper()
		eventually(t, func() bool { // what is open becomes known within a second
			leave, got := open(most)
			leave()
			return got == status
		})
	}
	want(http.StatusTooManyRequests)
	last()
	want(http.StatusOK)
}
