package httpapi

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// watch opens a stream; headers are name, value pairs.
func (h *harness) watch(path string, headers ...string) (*http.Response, *bufio.Reader) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), "GET", h.base+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp, bufio.NewReader(resp.Body)
}

func (h *harness) streamPath(token string, id task.ID) string {
	return "/tasks/" + string(id) + "/stream?ticket=" + h.world.Ticket(session.ID(token), id, time.Time{})
}

func TestAStreamTellsEverythingInOrder(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	resp, r := h.watch(h.streamPath(token, id))
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no", "Content-Encoding": "",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if first := readEvents(t, r, 1)[0]; first.name != "snapshot" || first.id != "1" || first.data["taskId"] != string(id) {
		t.Errorf("first event: %+v", first)
	}
	h.world.publish(id, progress(30))
	h.world.publish(id, func(r *task.Record) { r.Event, r.Degraded = task.EventDegraded, true })
	h.world.publish(id, succeed)
	rest := readEvents(t, r, 10)
	if len(rest) != 3 || rest[0].name != "progress" || rest[1].name != "degraded" || rest[2].name != "succeeded" || rest[2].id != "4" {
		t.Fatalf("rest: %+v", rest)
	}
	if rest[0].data["progress"] != 30.0 || rest[0].data["message"] == "" || rest[2].data["state"] != "succeeded" {
		t.Errorf("data: %+v", rest)
	}
}

func TestAStreamResumesWhereItWasCut(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	h.world.publish(id, progress(10))
	h.world.publish(id, progress(20))
	h.world.publish(id, failTask)
	path := h.streamPath(token, id)
	for name, c := range map[string]struct {
		path    string
		headers []string
		want    string
	}{
		"header":       {path, []string{"Last-Event-ID", "2"}, "progress3 failed4"},
		"query":        {path + "&after=3", nil, "failed4"},
		"fresh":        {path, nil, "snapshot4 failed4"},
		"unknown id":   {path, []string{"Last-Event-ID", "99"}, "snapshot4 failed4"},
		"no id at all": {path, []string{"Last-Event-ID", "abc"}, "snapshot4 failed4"},
	} {
		_, r := h.watch(c.path, c.headers...)
		var got []string
		for _, e := range readEvents(t, r, 10) {
			got = append(got, e.name+e.id)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
	resp, _ := h.watch(path, "Last-Event-ID", "4")
	if resp.StatusCode != 204 {
		t.Errorf("with the terminal id: %d", resp.StatusCode)
	}
	_, r := h.watch(path)
	if e := readEvents(t, r, 2)[1]; e.data["error"].(map[string]any)["code"] != "generation_failed" {
		t.Errorf("failed event: %+v", e)
	}
}

func TestTicketsOpenOneTaskOnly(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	one, two := h.taskID(token), h.taskID(token)
	path := "/tasks/" + string(two) + "/stream?ticket=" + h.world.Ticket(session.ID(token), one, time.Time{})
	if r := h.do("GET", path, "", ""); r.status != 401 || r.code() != "ticket_invalid" {
		t.Errorf("stream: %d %s", r.status, r.body)
	}
	if r := h.do("GET", "/tasks/"+string(one)+"?ticket=x", "", ""); r.status != 401 {
		t.Errorf("a ticket opens more than streams: %d", r.status)
	}
}

func TestAStreamStaysWarmAndEndsWithItsTask(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	_, r := h.watch(h.streamPath(token, id))
	readEvents(t, r, 1)
	line, err := r.ReadString('\n')
	if err != nil || line != ":\n" {
		t.Fatalf("no heartbeat: %q %v", line, err)
	}
	h.do("DELETE", "/tasks/"+string(id), token, "")
	if more := readEvents(t, r, 1); len(more) != 0 {
		t.Errorf("a deleted task said %+v", more)
	}
}

func TestStreamsOfASessionAreLimited(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.limits.SessionStreams = 2
	token := h.session()
	id := h.taskID(token)
	first, _ := h.watch(h.streamPath(token, id))
	h.watch(h.streamPath(token, id))
	if r := h.do("GET", h.streamPath(token, id), "", ""); r.status != 429 || r.code() != "too_many_streams" || r.header.Get("Retry-After") == "" {
		t.Fatalf("third stream: %d %s", r.status, r.body)
	}
	_ = first.Body.Close() // the client leaves without a word: its place is free at once
	eventually(t, func() bool {
		resp, _ := h.watch(h.streamPath(token, id))
		return resp.StatusCode == 200
	})
}

func TestClientsThatLeaveAreNoticed(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	h.world.limits.SessionStreams = 0
	for range 20 {
		resp, _ := h.watch(h.streamPath(token, id))
		defer resp.Body.Close()
		_ = resp.Body.Close()
	}
	eventually(t, func() bool { return h.world.readers(id) == 0 })
}

func TestASlowReaderIsDropped(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Streams.Write = 100 * time.Millisecond })
	token := h.session()
	id := h.taskID(token)
	c := h.dial()
	c.send("GET %s HTTP/1.1\nHost: x\n\n", h.streamPath(token, id))
	eventually(t, func() bool { return h.world.readers(id) == 1 })
	big := strings.Repeat("x", 200_000)
	eventually(t, func() bool {
		h.world.publish(id, func(r *task.Record) { progress(1)(r); r.Stage = big })
		return h.world.readers(id) == 0
	})
}

func TestSocketsTellTheSame(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	url := strings.Replace(h.base, "http", "ws", 1) + strings.Replace(h.streamPath(token, id), "/stream", "/ws", 1)
	conn, early, _, err := ws.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from := io.ReadWriter(conn)
	if early != nil { // frames that came with the handshake
		from = struct {
			io.Reader
			io.Writer
		}{early, conn}
	}
	next := func() map[string]any {
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		b, err := wsutil.ReadServerText(from)
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := next(); m["event"] != "snapshot" || m["id"] != "1" {
		t.Errorf("first: %v", m)
	}
	h.world.publish(id, progress(50))
	h.world.publish(id, succeed)
	if m := next(); m["event"] != "progress" || m["data"].(map[string]any)["progress"] != 50.0 {
		t.Errorf("second: %v", m)
	}
	if m := next(); m["event"] != "succeeded" {
		t.Errorf("third: %v", m)
	}
	if _, err := wsutil.ReadServerText(from); err == nil {
		t.Error("the socket stays open after the end")
	}
	eventually(t, func() bool { return h.world.readers(id) == 0 })
}

func TestASocketNeedsAnUpgrade(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	path := strings.Replace(h.streamPath(token, h.taskID(token)), "/stream", "/ws", 1)
	if r := h.do("GET", path, "", ""); r.status != 426 {
		t.Errorf("no upgrade: %d", r.status)
	}
	for _, bad := range [][]string{{"Upgrade", "websocket"}, {"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13"}} {
		if r := h.do("GET", path, "", "", bad...); r.status != 426 && r.status != 400 {
			t.Errorf("half a handshake: %d", r.status)
		}
	}
	eventually(t, func() bool { return h.world.allReaders() == 0 })
}

func (w *world) allReaders() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, t := range w.tasks {
		n += len(t.readers)
	}
	return n
}

func TestAStopEndsStreamsAtOnceAndIdleConnectionsToo(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Drain, c.Wire.Head = time.Minute, time.Minute })
	token := h.session()
	id := h.taskID(token)
	_, r := h.watch(h.streamPath(token, id))
	readEvents(t, r, 1)
	idle := h.dial()
	idle.send("GET /livez HTTP/1.1\nHost: x\n\n")
	if got := idle.receive(); got.status != 200 {
		t.Fatalf("livez: %d", got.status)
	}
	fresh := h.dial()
	waiting := make(chan int, 1)
	go func() { waiting <- h.do("GET", "/tasks/"+string(id)+"?wait=20", token, "").status }()
	eventually(t, func() bool { return h.world.readers(id) == 2 })
	began := time.Now()
	h.stop()
	readEvents(t, r, 1)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stream lived on for %v", took)
	}
	idle.wantClosed(10 * time.Second)
	fresh.wantClosed(10 * time.Second)
	if got := <-waiting; got != 200 {
		t.Errorf("the waiting request got %d", got)
	}
	<-h.done
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the stop took %v, with nothing to wait for", took)
	}
}

func TestAStopLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.dial()
	c.send("PUT /files/s/uploads/u/raw?s=PUT&z=10 HTTP/1.1\nHost: x\nContent-Length: 10\nExpect: 100-continue\n\n")
	if line, err := c.r.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q %v", line, err)
	}
	_, _ = c.r.ReadString('\n')
	h.stop()
	eventually(t, func() bool { return !dialable(h) })
	c.send("0123456789")
	if r := c.receive(); r.status != 200 {
		t.Errorf("the upload was cut: %d", r.status)
	}
	if got := string(h.world.objects["s/uploads/u/raw"]); got != "0123456789" {
		t.Errorf("stored %q", got)
	}
}

func dialable(h *harness) bool {
	c, err := net.Dial("tcp", h.server.Addr().String())
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(end) {
			t.Fatal("it did not happen within ten seconds")
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // readers, connections and listeners announce nothing
	}
}
