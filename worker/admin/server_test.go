package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/worker/admin"
)

// listening is the listener of a worker that is as ready as it says.
func listening(t *testing.T, address string, ready operator.Readiness) *admin.Server {
	t.Helper()
	s, err := admin.Listen(t.Context(), address, admin.Deps{
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		Ready:   func() operator.Readiness { return ready }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

func ask(h http.Handler, method, path, host string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, http.NoBody)
	r.Host = host
	h.ServeHTTP(w, r)
	return w
}

func TestAWorkerSaysWhetherItIsReady(t *testing.T) {
	t.Parallel()
	for _, want := range []operator.Readiness{
		{Ready: true, Checks: []operator.Check{{Name: "gateways", OK: true}}},
		{Checks: []operator.Check{{Name: "gateways", Detail: "no gateway takes heartbeats"}}},
	} {
		w := ask(listening(t, "127.0.0.1:0", want).Handler(), http.MethodGet, "/readyz", "127.0.0.1:9100")
		var got operator.Readiness
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if (w.Code == http.StatusOK) != want.Ready || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d %+v, want %+v", w.Code, got, want)
		}
	}
}

func TestTheListenerShowsWhatItHasAndNoMore(t *testing.T) {
	t.Parallel()
	near, far := listening(t, "127.0.0.1:0", operator.Readiness{Ready: true}), listening(t, ":0", operator.Readiness{Ready: true})
	for _, c := range []struct {
		s                  *admin.Server
		method, path, host string
		want               int
	}{
		{near, "GET", "/metrics", "localhost:1", 200},
		{near, "HEAD", "/livez", "[::1]:1", 200},
		{near, "GET", "/livez", "evil.example", 403}, // a page that was rebound to loopback
		{far, "GET", "/livez", "worker-1.pool.internal:9100", 200},
		{near, "POST", "/metrics", "localhost", 405},
		{near, "GET", "/debug/pprof/", "localhost", 404},
		{near, "GET", "/", "localhost", 404},
	} {
		if w := ask(c.s.Handler(), c.method, c.path, c.host); w.Code != c.want {
			t.Errorf("%s %s at %s: %d, want %d", c.method, c.path, c.host, w.Code, c.want)
		}
	}
}

func TestABusyAddressIsKnownAtTheStart(t *testing.T) {
	t.Parallel()
	s := listening(t, "127.0.0.1:0", operator.Readiness{})
	if _, err := admin.Listen(t.Context(), s.Addr().String(), admin.Deps{}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("the address is taken twice: %v", err)
	}
}

// More silent connections than are taken at once keep nobody out for long.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	s := listening(t, "127.0.0.1:0", operator.Readiness{Ready: true})
	for range 40 {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	c, err := net.DialTimeout("tcp", s.Addr().String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // they are shut after five
	_, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Errorf("%q, %v", line, err)
	}
}
