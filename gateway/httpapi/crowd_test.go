package httpapi

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/httpapi/gate"
	"github.com/imgfleet/imgfleet/gateway/intake"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// someone is a session, whose token is its id.
const someone = "1k7rm3h4g332k1cvzrcbw7r6q8"

// crowded is a server that takes two strangers from one address.
func crowded(t *testing.T) *harness {
	t.Helper()
	h := start(t, func(c *Config, _ *Deps) {
		c.Wire.Head, c.Wire.Idle = 20*time.Second, 20*time.Second
		c.Gate.PerAddress = func() int64 { return 2 }
	})
	h.world.sessions[someone] = true
	return h
}

// refuses expects that the server takes no stranger more.
func (h *harness) refuses() {
	h.t.Helper()
	c := h.dial()
	_, _ = c.Write([]byte("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"))
	if r, err := c.tryReceive(); err == nil {
		h.t.Errorf("a connection too many gets %d %s", r.status, r.body)
	}
}

// ask sends a request over a connection of its own, which stays open.
func (h *harness) ask(method, path, body string, headers ...string) (*rawConn, reply) {
	h.t.Helper()
	c := h.dial()
	c.send("%s %s HTTP/1.1\nHost: x\nContent-Length: %d\n%s\n%s", method, path, len(body), strings.Join(append(headers, ""), "\n"), body)
	return c, c.receive()
}

// accepted makes a task without a connection.
func (h *harness) accepted(owner session.ID) task.ID {
	h.t.Helper()
	u, _, err := fakeUploads{h.world}.Create(h.t.Context(), owner, upload.CreateRequest{ContentType: "image/jpeg", Size: 5, Consent: upload.Consent{Given: true}})
	if err != nil {
		h.t.Fatal(err)
	}
	a, err := fakeIntake{h.world}.Submit(h.t.Context(), intake.Request{Session: owner, Upload: u.ID, Style: "ink", Place: "bund"})
	if err != nil {
		h.t.Fatal(err)
	}
	return a.Record.ID
}

func TestWhoShowsATokenIsNotChargedForConnections(t *testing.T) {
	t.Parallel()
	h := crowded(t)
	for range 5 {
		if _, r := h.ask("GET", "/session", "", "Authorization: Bearer "+someone); r.status != 200 {
			t.Fatalf("with a token: %d %s", r.status, r.body)
		}
	}
	for _, token := range []string{"Bearer another", "Basic " + someone} {
		if _, r := h.ask("GET", "/session", "", "Authorization: "+token); r.status != 401 {
			t.Errorf("%s: %d", token, r.status)
		}
	}
	h.refuses()
	if n := h.server.deps.Listener.Open(); n != 7 {
		t.Errorf("%d connections are open", n)
	}
}

func TestWhoHasATicketOrASignedAddressIsNotChargedForConnections(t *testing.T) {
	t.Parallel()
	h := crowded(t)
	_, first := h.ask("POST", "/uploads", `{"contentType":"image/jpeg","size":5,"consent":true}`, "Content-Type: application/json", "Authorization: Bearer "+someone)
	put, _ := first.json(t)["uploadUrl"].(string)
	_, created := h.ask("POST", "/uploads/tus", "", "Authorization: Bearer "+someone, "Tus-Resumable: 1.0.0", "Upload-Length: 9", "Upload-Metadata: filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ==")
	resumable := created.header.Get("Location")
	for i := range 3 {
		if _, r := h.ask("PUT", put, "photo", "Content-Type: image/jpeg"); r.status >= 400 && r.status != http.StatusConflict {
			t.Fatalf("PUT: %d %s", r.status, r.body)
		}
		if _, r := h.ask("PATCH", resumable, "pic", "Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream", fmt.Sprint("Upload-Offset: ", 3*i)); r.status != 204 {
			t.Fatalf("PATCH %s: %d %s", resumable, r.status, r.body)
		}
	}
	id := h.accepted(someone)
	for _, path := range []string{"/stream", "/ws"} {
		for range 3 {
			c := h.dial()
			c.send("GET /tasks/%s%s?ticket=%s HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n", id, path, h.world.Ticket(someone, id, time.Time{}))
			if line, err := c.r.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") && !strings.Contains(line, " 101 ") {
				t.Fatalf("%s: %q, %v", path, line, err)
			}
		}
	}
	h.dial()
	h.dial()
	h.refuses()
}

func TestAStreamIsCountedUntilItEnds(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Gate.Most = 2 })
	h.world.sessions[someone] = true
	id := h.accepted(someone)
	for range 2 {
		c := h.dial()
		c.send("GET /tasks/%s/stream HTTP/1.1\nHost: x\nAuthorization: Bearer %s\n\n", id, someone)
		if line, err := c.r.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
			t.Fatalf("%q, %v", line, err)
		}
	}
	_, r := h.ask("GET", "/livez", "")
	if r.status != 503 || r.code() != "gateway_full" || r.header.Get("Retry-After") == "" || r.header.Get("X-Request-Id") == "" {
		t.Errorf("a third gets %d %v %s", r.status, r.header, r.body)
	}
	h.world.publish(id, succeed)
	eventually(t, func() bool { return h.server.deps.Listener.Open() == 0 })
	if _, r := h.ask("GET", "/livez", ""); r.status != 200 {
		t.Errorf("after the streams: %d %s", r.status, r.body)
	}
}

func TestACrowdThatOnlyHoldsItsConnectionsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) {
		c.Gate.Most, c.Wire.Shed = 8, 100*time.Millisecond
		c.Wire.Head, c.Wire.Idle, c.Wire.Body = 20*time.Second, 20*time.Second, 20*time.Second
	})
	h.world.sessions[someone] = true
	id := h.accepted(someone)
	stream := h.dial()
	stream.send("GET /tasks/%s/stream HTTP/1.1\nHost: x\nAuthorization: Bearer %s\n\n", id, someone)
	busy := h.dial()
	busy.send("PUT /files/k?s=PUT&m=100000 HTTP/1.1\nHost: x\nContent-Length: 100000\n\n%s", strings.Repeat("x", 64<<10))
	for range 2 {
		h.ask("GET", "/livez", "")
		h.dial()
		h.dial().send("GET /livez HTTP/1.1\nHost:")
	}
	eventually(t, func() bool {
		c := h.dial()
		_, _ = c.Write([]byte("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"))
		r, err := c.tryReceive()
		return err == nil && r.status == 200
	})
	busy.send("%s", strings.Repeat("x", 100_000-64<<10))
	if r := busy.receive(); r.status != 200 {
		t.Errorf("a request that was under way: %d %s", r.status, r.body)
	}
	h.world.publish(id, succeed)
	if got, err := io.ReadAll(stream.r); err != nil || !strings.Contains(string(got), "event: succeeded") {
		t.Errorf("a stream that was open: %q, %v", got, err)
	}
}

func TestStreamsLeaveRoomForRequests(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Streams.Most = 2 })
	h.world.limits.SessionStreams = 0
	h.world.sessions[someone] = true
	id := h.accepted(someone)
	var open []*rawConn
	for range 2 {
		c := h.dial()
		c.send("GET /tasks/%s/stream HTTP/1.1\nHost: x\nAuthorization: Bearer %s\n\n", id, someone)
		if line, err := c.r.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
			t.Fatalf("%q, %v", line, err)
		}
		open = append(open, c)
	}
	for _, path := range []string{"/stream", "/ws", "?wait=1"} {
		_, r := h.ask("GET", "/tasks/"+string(id)+path, "", "Authorization: Bearer "+someone, "Upgrade: websocket")
		if r.status != 503 || r.code() != "gateway_full" || r.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := h.do("GET", "/tasks/"+string(id), someone, ""); r.status != 200 {
		t.Errorf("a request: %d %s", r.status, r.body)
	}
	_ = open[0].Close()
	eventually(t, func() bool {
		_, r := h.ask("GET", "/tasks/"+string(id)+"?wait=0.01", "", "Authorization: Bearer "+someone)
		return r.status == 200
	})
}

func TestConnectionsOfTheWaitingGatewayCountForTheBuiltOne(t *testing.T) {
	t.Parallel()
	c := Defaults()
	c.Listen, c.Gate = "127.0.0.1:0", gate.Config{PerAddress: func() int64 { return 3 }}
	l, err := Bind(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w, err := Wait(l, Version{})
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, world: newWorld(), log: new(syncBuffer)}
	d := h.world.deps(nil)
	d.Listener = l
	withTus(t, openPartials(t))(&c, &d)
	if h.server, err = New(c, d); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		h.dial()
	}
	eventually(t, func() bool { return l.Open() == 3 })
	h.refuses()
	over := make(chan struct{})
	go func() { w.Over(); close(over) }() // silent ones are cut
	<-over
	eventually(t, func() bool { return l.Open() == 0 })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = h.server.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended }()
	for range 3 {
		h.ask("GET", "/livez", "")
	}
	h.refuses()
}
