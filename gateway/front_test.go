package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// log collects what a program says.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// started is a gateway that runs in this process.
type started struct {
	http, admin string
	log         *log
	stop        func() int
}

// startGateway starts one with further lines in its file.
func startGateway(t *testing.T, url, token string, more ...string) *started {
	t.Helper()
	addrs, dir := porttest.Must(t, 3), t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	text := fmt.Sprintf("environment: dev\nhttp: {listen: %q}\nadmin: {listen: %q}\nfleet: {listen: %q}\ndata: {dir: %q}\nstore: {shared: true}\nengine: {url: %q, token: %q}\n",
		addrs[0], addrs[1], addrs[2], dir, url, token) + strings.Join(more, "\n")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &started{http: "http://" + addrs[0], admin: "http://" + addrs[1], log: new(log)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, program.Process{Args: []string{"-config", file}, Stderr: g.log}) }()
	g.stop = sync.OnceValue(func() int {
		cancel()
		select {
		case code := <-ended:
			return code
		case <-time.After(20 * time.Second):
			t.Error("the gateway does not end")
			return -1
		}
	})
	t.Cleanup(func() { g.stop() })
	enginetest.Await(t, "it listens", func() bool { _, _, err := g.get("/livez"); return err == nil })
	return g
}

// get asks the public listener over a connection of its own.
func (g *started) get(path string) (status int, body []byte, err error) {
	r, err := http.NewRequest(http.MethodGet, g.http+path, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	r.Close = true
	r.Header.Set("Accept-Language", "en")
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var out bytes.Buffer
	_, err = out.ReadFrom(resp.Body)
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		err = fmt.Errorf("%s: 503 without Retry-After", path)
	}
	return resp.StatusCode, out.Bytes(), err
}

func TestAGatewayWithoutAnEngineAnswersAndServesWhenItComes(t *testing.T) {
	t.Parallel()
	at := porttest.Must(t, 1)[0]
	g := startGateway(t, "nats://"+at, "secret")
	status, body, err := g.get("/tasks")
	var p client.Problem
	if err != nil || status != http.StatusServiceUnavailable || json.Unmarshal(body, &p) != nil || p.Code != "engine_unavailable" || !strings.HasSuffix(p.Detail, ".") {
		t.Errorf("GET /tasks: %d %s, %v", status, body, err)
	}
	for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/readyz?verbose": 503, "/version": 200} {
		if status, body, err := g.get(path); err != nil || status != want {
			t.Errorf("GET %s: %d %s, %v", path, status, body, err)
		}
	}
	enginetest.Await(t, "it says why", func() bool { return g.log.count("nobody listens there") == 1 })
	host, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Listen: at, Token: secret.New("secret"), Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	enginetest.Await(t, "it serves", func() bool { // and is never away meanwhile
		status, _, err := g.get("/catalog")
		if err != nil {
			t.Fatalf("a connection was lost: %v", err)
		}
		return status == http.StatusOK
	})
	if _, body, err := g.get("/readyz"); err != nil || !strings.Contains(string(body), `"engine","ok":true`) { // a worker is still missing
		t.Errorf("GET /readyz: %s, %v", body, err)
	}
	if code := g.stop(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, g.log.buf.String())
	}
}

func TestAWrongTokenOfTheEngineIsSaid(t *testing.T) {
	t.Parallel()
	at := porttest.Must(t, 1)[0]
	host, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Listen: at, Token: secret.New("secret"), Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	g := startGateway(t, "nats://"+at, "another")
	enginetest.Await(t, "it says why", func() bool { return g.log.count("it refuses engine.token") == 1 })
	began := time.Now()
	if code := g.stop(); code != 0 || time.Since(began) > 3*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(began))
	}
}
