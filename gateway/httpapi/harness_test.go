package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// harness is a real server in front of a fake world.
type harness struct {
	t      *testing.T
	world  *world
	server *Server
	base   string
	log    *syncBuffer
	stop   context.CancelFunc
	done   chan struct{} // closed when Run has returned
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (w *world) deps(log *slog.Logger) Deps {
	return Deps{
		Sessions: w, Limiter: w, Quota: w, Policy: w,
		Uploads: fakeUploads{w}, Intake: fakeIntake{w}, Erasure: fakeEraser{w}, Store: fakeStore{w},
		Ready: &ready{report: readiness.Report{Ready: true}}, Follow: w.follow, Logger: log, Registry: prometheus.NewRegistry(), Version: Version{Version: "1.2.3"},
	}
}

// start runs a server on a free port with limits short enough for tests.
func start(t *testing.T, tune ...func(*Config, *Deps)) *harness {
	t.Helper()
	c := Defaults()
	c.Listen = "127.0.0.1:0"
	c.Drain = 3 * time.Second
	c.Wire.Head, c.Wire.Body, c.Wire.Write = 400*time.Millisecond, 400*time.Millisecond, time.Second
	c.Wire.Linger = 200 * time.Millisecond
	c.Streams.Sweep, c.Streams.Heartbeat, c.Streams.Write = 50*time.Millisecond, 200*time.Millisecond, time.Second
	w := newWorld()
	h := &harness{t: t, world: w, log: new(syncBuffer), done: make(chan struct{})}
	d := w.deps(slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelInfo})))
	for _, f := range append([]func(*Config, *Deps){withTus(t, openPartials(t))}, tune...) {
		f(&c, &d)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	h.server, h.base = s, "http://"+s.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() {
		defer close(h.done)
		_ = s.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-h.done
	})
	return h
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(r.body, &m); err != nil {
		t.Fatalf("answer is no JSON object: %v: %q", err, r.body)
	}
	return m
}

func (r reply) code() string {
	var p client.Problem
	_ = json.Unmarshal(r.body, &p)
	return string(p.Code)
}

// do sends a request; headers are name, value pairs.
func (h *harness) do(method, path, token, body string, headers ...string) reply {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.base+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body == "" {
		req.Body, req.ContentLength = nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	got := reply{resp.StatusCode, resp.Header, b}
	conform(h.t, h.server, req, got)
	return got
}

func (h *harness) session() string {
	h.t.Helper()
	return h.do("POST", "/sessions", "", "{}").json(h.t)["token"].(string)
}

// photo uploads something and completes it.
func (h *harness) photo(token string) string {
	h.t.Helper()
	u := h.do("POST", "/uploads", token, `{"contentType":"image/jpeg","size":5,"consent":true}`).json(h.t)
	if r := h.do("PUT", u["uploadUrl"].(string), "", "photo", "Content-Type", "image/jpeg"); r.status != 200 {
		h.t.Fatalf("PUT: %d %s", r.status, r.body)
	}
	id := u["uploadId"].(string)
	if r := h.do("POST", "/uploads/"+id+"/complete", token, ""); r.status != 200 {
		h.t.Fatalf("complete: %d %s", r.status, r.body)
	}
	return id
}

// task submits a task and returns its document.
func (h *harness) task(token string) map[string]any {
	h.t.Helper()
	r := h.do("POST", "/tasks", token, fmt.Sprintf(`{"uploadId":%q,"style":"ink","place":"bund"}`, h.photo(token)))
	if r.status != 202 {
		h.t.Fatalf("POST /tasks: %d %s", r.status, r.body)
	}
	return r.json(h.t)
}

func (h *harness) taskID(token string) task.ID { return task.ID(h.task(token)["taskId"].(string)) }

// dial opens a raw connection.
func (h *harness) dial() *rawConn {
	h.t.Helper()
	c, err := net.Dial("tcp", h.server.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = c.Close() })
	return &rawConn{t: h.t, Conn: c, r: bufio.NewReader(c)}
}

type rawConn struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (c *rawConn) send(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c, strings.ReplaceAll(format, "\n", "\r\n"), args...); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// receive reads one answer, within five seconds.
func (c *rawConn) receive() reply {
	c.t.Helper()
	r, err := c.tryReceive()
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	return r
}

func (c *rawConn) tryReceive() (reply, error) {
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, b}, err
}

// wantClosed expects the server to end the connection within a moment.
func (c *rawConn) wantClosed(within time.Duration) {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(within))
	if _, err := io.Copy(io.Discard, c.r); err != nil {
		if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			c.t.Fatalf("the connection is still open after %v", within)
		}
	}
}

// event is one event of a stream.
type event struct {
	id, name string
	data     map[string]any
	raw      string
}

// stream reads events until the server ends it or n have come.
func readEvents(t *testing.T, r *bufio.Reader, n int) []event {
	t.Helper()
	var out []event
	var e event
	for len(out) < n {
		line, err := r.ReadString('\n')
		if err != nil {
			return out
		}
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "":
			if e.name != "" {
				out = append(out, e)
			}
			e = event{}
		case name == "id":
			e.id = value
		case name == "event":
			e.name = value
		case name == "data":
			e.raw = value
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				t.Fatalf("event data is no JSON: %v: %s", err, value)
			}
		}
	}
	return out
}
