package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
)

// TestMain is the decoder too, which a worker starts as this very program.
func TestMain(m *testing.M) {
	if sandbox.Wanted(os.Args[1:]) {
		os.Exit(sandbox.Child(os.Args[1:], os.Stdin))
	}
	workerrpc.RouteLogs(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// fleet is a gateway's fleet listener that remembers heartbeats.
type fleet struct {
	addr       string
	close      func()
	heartbeats chan workerrpc.Heartbeat
}

func newFleet(t *testing.T, token string) *fleet {
	t.Helper()
	f := &fleet{heartbeats: make(chan workerrpc.Heartbeat, 100)}
	s, err := workerrpc.ServeFleet(t.Context(), workerrpc.ServerConfig{Listen: "127.0.0.1:0", Token: secret.New(token), Drain: time.Millisecond},
		func(_ context.Context, b workerrpc.Heartbeat) error { f.heartbeats <- b; return nil })
	if err != nil {
		t.Fatal(err)
	}
	f.close = sync.OnceFunc(func() { _ = s.Close() })
	t.Cleanup(f.close)
	f.addr = s.Addr().String()
	return f
}

// next waits for a heartbeat that pleases.
func (f *fleet) next(t *testing.T, pleases func(workerrpc.Heartbeat) bool) workerrpc.Heartbeat {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case b := <-f.heartbeats:
			if pleases(b) {
				return b
			}
		case <-deadline:
			t.Fatal("no such heartbeat came")
		}
	}
}

func anyHeartbeat(workerrpc.Heartbeat) bool { return true }

// lines is a writer that two goroutines may use.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestAWorkerRegistersWorksAndDrains(t *testing.T) {
	t.Parallel()
	first, second := newFleet(t, "tok"), newFleet(t, "tok")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var log lines
	environ := []string{
		"IMGFLEET_WORKER_SPOOL=off", "TOKEN=tok", "IMGFLEET_FLEET_TOKEN=env:TOKEN", "IMGFLEET_WORKER_REGION=cn-north",
		`IMGFLEET_FLEET_GATEWAYS=["` + first.addr + `","` + second.addr + `"]`,
		`IMGFLEET_PROVIDERS=[{"name":"m","kind":"mock","model":"latency=1h"},{"name":"far","kind":"mock","region":"elsewhere"}]`,
	}
	go func() {
		done <- run(ctx, program.Process{Environ: environ, Stdin: strings.NewReader(""), Stderr: &log})
	}()
	b := first.next(t, anyHeartbeat)
	if b.Region != "cn-north" || b.Capacity != 8 || len(b.Providers) != 1 || b.Providers[0] != "m" || b.Draining {
		t.Errorf("heartbeat = %+v", b)
	}
	if other := second.next(t, anyHeartbeat); other.ID != b.ID || other.Address != b.Address {
		t.Errorf("the other gateway heard %+v", other)
	}
	c, err := workerrpc.NewClient(workerrpc.ClientConfig{Token: secret.New("tok")})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := make(chan workerrpc.Outcome, 1)
	a := workerrpc.Attempt{Task: task.ID(task.NewID()), Number: 1, Provider: "m", PhotoURL: "http://127.0.0.1:1/"}
	go func() {
		o, err := c.Generate(context.WithoutCancel(ctx), b.Address, a, nil)
		if err != nil {
			t.Errorf("generate: %v", err)
		}
		outcomes <- o
	}()
	if o := <-outcomes; o.Result != task.NotSent || o.Class != task.ClassNetwork {
		t.Errorf("outcome = %+v, want not_sent/network: there is no photo", o)
	}
	stop()
	first.next(t, func(b workerrpc.Heartbeat) bool { return b.Draining })
	if code := <-done; code != 0 {
		t.Errorf("exit code %d\n%s", code, log.String())
	}
	if strings.Contains(log.String(), "tok\"") {
		t.Errorf("the token was logged:\n%s", log.String())
	}
}

func TestAWorkerEndsWithItsParent(t *testing.T) { //nolint:paralleltest // it changes how this process takes signals
	r, w := io.Pipe()
	done := make(chan int, 1)
	var log lines
	f := newFleet(t, "tok")
	go func() {
		done <- run(t.Context(), program.Process{Args: []string{"-exit-with-stdin"}, Environ: []string{"IMGFLEET_WORKER_SPOOL=off", "IMGFLEET_FLEET_TOKEN=tok", `IMGFLEET_FLEET_GATEWAYS=["` + f.addr + `"]`}, Stdin: r, Stderr: &log})
	}()
	f.next(t, anyHeartbeat)
	_ = w.Close()
	select {
	case code := <-done:
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the worker outlived its parent")
	}
}

func TestEveryFaultOfTheConfigurationIsToldAtOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "c.yaml")
	text := `
environment: stage
worker: {listen: "0.0.0.0:7000", advertise: here, capacity: 0, drain: -1s}
fleet: {gateways: [nowhere]}
providers:
  - {name: a, kind: mock, model: "latency=x&colour=red"}
  - {name: a, kind: teapot}
  - {name: b, kind: seedream, proxy: "ftp://proxy.example:21"}
  - {name: c, kind: openai, dialect: klingon}
egress: {allow: ["*"]}
moderation: {kind: none}
label: {text: hello}
picture: {heif: magic, decoders: -1, decoderMemory: 1MiB}
tls: {cert: c.pem}
http: {listen: "127.0.0.1:8080"}
worker_typo: 1
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out lines
	if code := run(t.Context(), program.Process{Args: []string{"-config", file, "-check-config"}, Stdin: strings.NewReader(""), Stderr: &out}); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
	for _, want := range []string{
		"environment", "worker.advertise", "worker.capacity", "worker.drain", "fleet.gateways[0]", "providers[0]",
		"latency", "colour", `"a" is used twice`, "teapot", "providers[1].apiKey", "providers[2].apiKey", "providers[2].proxy",
		"providers[3].baseUrl", "providers[3].model", "klingon", "egress.allow[0]", "moderation.kind", "label.text", "picture.heif", "picture.decoders", "picture.decoderMemory", "tls", "worker_typo",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing of %s in\n%s", want, out.String())
		}
	}
	out = lines{}
	if code := run(t.Context(), program.Process{Args: []string{"-check-config"}, Stdin: strings.NewReader(""), Stderr: &out}); code != 0 {
		t.Errorf("the defaults have faults: %s", out.String())
	}
}

// Gateways know kinds by the profiles: a driver without one could not be
// configured.
func TestEveryDriverIsOfAKnownKind(t *testing.T) {
	t.Parallel()
	for kind := range vendors() {
		if !slices.Contains(prompt.Kinds(), kind) {
			t.Errorf("gateways refuse kind %q: no profile in pkg/prompt is of it", kind)
		}
	}
}

func TestAMissingSecretStopsTheStart(t *testing.T) {
	t.Parallel()
	var out lines
	if code := run(t.Context(), program.Process{Environ: []string{"IMGFLEET_FLEET_TOKEN=env:NOWHERE"}, Stdin: strings.NewReader(""), Stderr: &out}); code != 2 {
		t.Errorf("exit code %d, want 2, which says that the configuration is refused: %s", code, out.String())
	}
	if !strings.Contains(out.String(), "fleet.token") {
		t.Errorf("said %s", out.String())
	}
}

func TestAWorkerRefusesTheWrongToken(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "tok")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var log lines
	go func() {
		done <- run(ctx, program.Process{Environ: []string{"IMGFLEET_WORKER_SPOOL=off", "IMGFLEET_FLEET_TOKEN=tok", `IMGFLEET_FLEET_GATEWAYS=["` + f.addr + `"]`}, Stdin: strings.NewReader(""), Stderr: &log})
	}()
	b := f.next(t, anyHeartbeat)
	c, err := workerrpc.NewClient(workerrpc.ClientConfig{Token: secret.New("other")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Inspect(t.Context(), b.Address, workerrpc.InspectRequest{}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("got %v, want unauthenticated", err)
	}
	stop()
	<-done
}
