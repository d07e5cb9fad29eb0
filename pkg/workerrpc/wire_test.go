package workerrpc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// fakeWorker does what its functions say.
type fakeWorker struct {
	generate func(ctx context.Context, a Attempt, send func(Update) error) error
	cancel   func(id task.ID, number int) error
	inspect  func(r InspectRequest) (Inspected, error)
}

func (f *fakeWorker) Generate(ctx context.Context, a Attempt, send func(Update) error) error {
	return f.generate(ctx, a, send)
}

func (f *fakeWorker) Cancel(_ context.Context, id task.ID, number int) error {
	return f.cancel(id, number)
}

func (f *fakeWorker) Inspect(_ context.Context, r InspectRequest) (Inspected, error) {
	return f.inspect(r)
}

func start(t *testing.T, w Worker, cfg ServerConfig) *Server {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	cfg.Logger = slog.New(slog.DiscardHandler)
	if cfg.Drain == 0 {
		cfg.Drain = 100 * time.Millisecond
	}
	s, err := Serve(t.Context(), cfg, w)
	if err != nil {
		t.Fatalf("serve: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func dial(t *testing.T, cfg ClientConfig) *Client {
	t.Helper()
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func okOutcome(a Attempt) Update {
	return Update{Outcome: &Outcome{Task: a.Task, Number: a.Number, Result: task.OK}}
}

func TestAnAttemptStreamsItsProgressAndOutcome(t *testing.T) {
	t.Parallel()
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error {
		return errors.Join(send(Update{Progress: 10, Stage: task.StageGenerating}), send(Update{}),
			send(Update{Progress: 60}), send(okOutcome(a)))
	}}
	s := start(t, w, ServerConfig{Token: secret.New("secret")})
	c := dial(t, ClientConfig{Token: secret.New("secret")})
	var seen []int
	got, err := c.Generate(t.Context(), s.Addr().String(), Attempt{Task: "t1", Number: 2}, func(u Update) {
		seen = append(seen, u.Progress)
	})
	if err != nil {
		t.Fatalf("generate: %v", err)
	}
	if got.Task != "t1" || got.Number != 2 || got.Result != task.OK {
		t.Errorf("outcome = %+v", got)
	}
	if want := []int{10, 60, 0}; !reflect.DeepEqual(seen, want) {
		t.Errorf("progress = %v, want %v: heartbeats are not shown", seen, want)
	}
}

func TestAFaultKeepsItsKindAndCodeOverTheWire(t *testing.T) {
	t.Parallel()
	resets := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	want := &fault.Fault{
		Kind: fault.Limited, Code: "quota_exceeded", RetryAfter: 1500 * time.Millisecond, ResetsAt: resets,
		Params: map[string]string{"used": "20", "name": "水墨"}, Err: errors.New("secret detail"),
	}
	w := &fakeWorker{
		generate: func(context.Context, Attempt, func(Update) error) error { return want },
		inspect:  func(InspectRequest) (Inspected, error) { return Inspected{}, want },
		cancel:   func(task.ID, int) error { return errors.New("unclassified") },
	}
	s := start(t, w, ServerConfig{})
	c := dial(t, ClientConfig{})
	_, streamErr := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil)
	_, unaryErr := c.Inspect(t.Context(), s.Addr().String(), InspectRequest{})
	for name, err := range map[string]error{"stream": streamErr, "unary": unaryErr} {
		got := fault.As(err)
		if got == nil || got.Kind != want.Kind || got.Code != want.Code || got.RetryAfter != want.RetryAfter ||
			!got.ResetsAt.Equal(resets) || !reflect.DeepEqual(got.Params, want.Params) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if strings.Contains(err.Error(), "secret detail") {
			t.Errorf("%s: the cause crossed the wire", name)
		}
	}
	err := c.Cancel(t.Context(), s.Addr().String(), "t", 1)
	if fault.KindOf(err) != fault.Internal || strings.Contains(err.Error(), "unclassified") {
		t.Errorf("an unclassified error = %v, want a bare internal", err)
	}
}

func TestEveryKindSurvivesTheWire(t *testing.T) {
	t.Parallel()
	for k := fault.Internal; k <= fault.Canceled; k++ {
		err := faultFromWire(t.Context(), faultToWire(&fault.Fault{Kind: k, Code: "some_code"}))
		if fault.KindOf(err) != k || fault.CodeOf(err) != "some_code" {
			t.Errorf("%v came back as %v", k, err)
		}
	}
}

func TestAWrongTokenIsUnauthenticated(t *testing.T) {
	t.Parallel()
	var called sync.Once
	w := &fakeWorker{
		generate: func(context.Context, Attempt, func(Update) error) error {
			called.Do(func() { t.Error("reached the worker") })
			return nil
		},
		inspect: func(InspectRequest) (Inspected, error) {
			called.Do(func() { t.Error("reached the worker") })
			return Inspected{}, nil
		},
	}
	s := start(t, w, ServerConfig{Token: secret.New("right")})
	for _, token := range []string{"", "wrong"} {
		c := dial(t, ClientConfig{Token: secret.New(token)})
		_, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil)
		if fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("token %q: stream: %v, want unauthenticated", token, err)
		}
		_, err = c.Inspect(t.Context(), s.Addr().String(), InspectRequest{})
		if fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("token %q: unary: %v, want unauthenticated", token, err)
		}
	}
}

func TestAnOversizeMessageIsRefusedOnBothSides(t *testing.T) {
	t.Parallel()
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error {
		return send(Update{Stage: strings.Repeat("x", 8<<10), Outcome: &Outcome{Task: a.Task}})
	}}
	s := start(t, w, ServerConfig{MaxMessage: 4 << 10})
	big := Attempt{Options: task.Options{Note: strings.Repeat("n", 5<<10)}}
	for name, c := range map[string]*Client{
		"the client's own cap": dial(t, ClientConfig{MaxMessage: 4 << 10}),
		"the server's cap":     dial(t, ClientConfig{MaxMessage: 1 << 20}),
	} {
		_, err := c.Generate(t.Context(), s.Addr().String(), big, nil)
		if fault.CodeOf(err) != fault.MessageTooLarge || fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%s: %v, want too_large", name, err)
		}
	}
	_, err := dial(t, ClientConfig{MaxMessage: 4 << 10}).Generate(t.Context(), s.Addr().String(), Attempt{}, nil)
	if fault.CodeOf(err) != fault.MessageTooLarge {
		t.Errorf("an oversize answer: %v, want too_large", err)
	}
}

func TestNobodyListeningMeansNothingWasSent(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	c := dial(t, ClientConfig{})
	if _, err := c.Generate(t.Context(), addr, Attempt{}, nil); fault.CodeOf(err) != fault.WorkerUnreachable {
		t.Errorf("generate: %v, want %s", err, fault.WorkerUnreachable)
	}
	if err := c.Cancel(t.Context(), addr, "t", 1); fault.CodeOf(err) != fault.WorkerUnreachable {
		t.Errorf("cancel: %v, want %s", err, fault.WorkerUnreachable)
	}
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error { return send(okOutcome(a)) }}
	s, err := Serve(t.Context(), ServerConfig{Listen: addr, Drain: 10 * time.Millisecond}, w)
	if err != nil {
		t.Skipf("the port was taken meanwhile: %v", err)
	}
	defer func() { _ = s.Close() }()
	if _, err := c.Generate(t.Context(), addr, Attempt{}, nil); err != nil {
		t.Errorf("a worker that came back must be usable: %v", err)
	}
}

func TestAKilledWorkerIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	running := make(chan struct{})
	w := &fakeWorker{generate: func(ctx context.Context, _ Attempt, send func(Update) error) error {
		if err := send(Update{Progress: 1}); err != nil {
			return err
		}
		close(running)
		<-ctx.Done()
		return ctx.Err()
	}}
	s := start(t, w, ServerConfig{Drain: time.Millisecond})
	c := dial(t, ClientConfig{Silence: time.Minute})
	go func() { <-running; _ = s.Close() }()
	_, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil)
	if fault.KindOf(err) != fault.Unavailable || fault.CodeOf(err) != fault.WorkerLost {
		t.Errorf("got %v, want unavailable %s", err, fault.WorkerLost)
	}
}

func TestAHungWorkerIsNoticedByItsSilence(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	w := &fakeWorker{generate: func(_ context.Context, _ Attempt, send func(Update) error) error {
		err := send(Update{Progress: 1})
		<-release
		return err
	}}
	s := start(t, w, ServerConfig{})
	defer close(release)
	c := dial(t, ClientConfig{Silence: 100 * time.Millisecond})
	began := time.Now()
	_, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil)
	if fault.CodeOf(err) != fault.WorkerSilent {
		t.Errorf("got %v, want %s", err, fault.WorkerSilent)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("noticed after %v", took)
	}
}

func TestTheWatchdogWaitsForSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, w := watch(t.Context(), 3*time.Second)
		for range 100 { // heartbeats at the last moment
			time.Sleep(3*time.Second - 1) //nolint:forbidigo // virtual time
			w.pat()
		}
		if ctx.Err() != nil {
			t.Error("given up though something was heard")
		}
		began := time.Now()
		<-ctx.Done()
		if silence := time.Since(began); silence != 3*time.Second || fault.CodeOf(context.Cause(ctx)) != fault.WorkerSilent {
			t.Errorf("given up after %v: %v", silence, context.Cause(ctx))
		}
		w.stop()
	})
}

func TestHeartbeatsKeepASlowAttemptAlive(t *testing.T) {
	t.Parallel()
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error {
		tick := time.NewTicker(60 * time.Millisecond) // far shorter than the silence, all of them longer
		defer tick.Stop()
		for range 20 {
			<-tick.C
			if err := send(Update{}); err != nil {
				return err
			}
		}
		return send(okOutcome(a))
	}}
	s := start(t, w, ServerConfig{})
	c := dial(t, ClientConfig{Silence: time.Second})
	if _, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil); err != nil {
		t.Errorf("a slow attempt with heartbeats was given up: %v", err)
	}
}

func TestTheCallersDeadlineIsATimeoutAndItsCancelACancel(t *testing.T) {
	t.Parallel()
	running := make(chan struct{}, 2)
	w := &fakeWorker{generate: func(ctx context.Context, _ Attempt, _ func(Update) error) error {
		running <- struct{}{}
		<-ctx.Done()
		return nil
	}}
	s := start(t, w, ServerConfig{})
	c := dial(t, ClientConfig{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Generate(ctx, s.Addr().String(), Attempt{}, nil); fault.KindOf(err) != fault.Timeout {
		t.Errorf("deadline: %v, want timeout", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	go func() {
		<-running
		cancel()
	}()
	if _, err := c.Generate(ctx, s.Addr().String(), Attempt{}, nil); fault.KindOf(err) != fault.Canceled {
		t.Errorf("cancel: %v, want canceled", err)
	}
}

func TestCancelAndInspectReachTheWorker(t *testing.T) {
	t.Parallel()
	var gotID task.ID
	w := &fakeWorker{
		cancel: func(id task.ID, _ int) error { gotID = id; return nil },
		inspect: func(r InspectRequest) (Inspected, error) {
			return Inspected{Width: 1, Height: 2, Fingerprint: r.SHA256}, nil
		},
	}
	s := start(t, w, ServerConfig{})
	c := dial(t, ClientConfig{})
	if err := c.Cancel(t.Context(), s.Addr().String(), "t9", 1); err != nil || gotID != "t9" {
		t.Errorf("cancel: id %q, err %v", gotID, err)
	}
	got, err := c.Inspect(t.Context(), s.Addr().String(), InspectRequest{SHA256: "abc"})
	if err != nil || got.Fingerprint != "abc" || got.Height != 2 {
		t.Errorf("inspect: %+v, %v", got, err)
	}
}

func TestClosingWaitsForARunningAttempt(t *testing.T) {
	t.Parallel()
	running, finish := make(chan struct{}), make(chan struct{})
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error {
		close(running)
		<-finish
		return send(okOutcome(a))
	}}
	s := start(t, w, ServerConfig{Drain: 5 * time.Second})
	c := dial(t, ClientConfig{})
	closed := make(chan error, 1)
	go func() {
		<-running
		go func() { closed <- s.Close() }()
		for { // the listener is gone once the server closes
			conn, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				break
			}
			_ = conn.Close()
		}
		close(finish)
	}()
	if _, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil); err != nil {
		t.Errorf("the attempt was cut by the drain: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// The call has ended for the server, and its answer waits for a slow reader.
func TestClosingWaitsForTheLastAnswer(t *testing.T) {
	t.Parallel()
	answered, closed := make(chan struct{}), make(chan error, 1)
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error {
		defer close(answered)
		for range 17 { // more than the connection takes before it is read
			if err := send(Update{Stage: strings.Repeat("x", 62<<10)}); err != nil {
				return err
			}
		}
		return send(okOutcome(a))
	}}
	s := start(t, w, ServerConfig{Drain: 10 * time.Second})
	first := sync.OnceFunc(func() {
		<-answered
		go func() { closed <- s.Close() }()
		select {
		case err := <-closed:
			t.Errorf("the server closed before the answer was read: %v", err)
		case <-time.After(150 * time.Millisecond):
		}
	})
	if _, err := dial(t, ClientConfig{}).Generate(t.Context(), s.Addr().String(), Attempt{}, func(Update) { first() }); err != nil {
		t.Errorf("the answer was lost: %v", err)
	}
}

func TestHeartbeatsReachTheGateway(t *testing.T) {
	t.Parallel()
	heartbeats := make(chan Heartbeat, 1)
	s, err := ServeFleet(t.Context(), ServerConfig{Listen: "127.0.0.1:0", Token: secret.New("tok"), Drain: time.Millisecond},
		func(_ context.Context, b Heartbeat) error { heartbeats <- b; return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for token, want := range map[string]error{"tok": nil, "bad": fault.New(fault.FleetTokenInvalid)} {
		c, err := NewFleetClient(s.Addr().String(), ClientConfig{Token: secret.New(token)})
		if err != nil {
			t.Fatal(err)
		}
		err = c.Heartbeat(t.Context(), Heartbeat{ID: "w1", Providers: []string{"mock"}})
		if !errors.Is(err, want) {
			t.Errorf("token %q: %v, want %v", token, err, want)
		}
		_ = c.Close()
	}
	if b := <-heartbeats; b.ID != "w1" || len(b.Providers) != 1 {
		t.Errorf("heartbeat = %+v", b)
	}
}

func TestAnOpenListenerWithoutTLSIsRefused(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0", "nonsense"} {
		if _, err := Serve(t.Context(), ServerConfig{Listen: listen}, &fakeWorker{}); err == nil {
			t.Errorf("%s was accepted", listen)
		}
	}
}
