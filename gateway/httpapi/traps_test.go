package httpapi

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Each test here is for a default of the HTTP library, or of HTTP itself, that
// a client could use against us. They speak raw TCP to the real server.

func TestTrapsPipelinedRequestsAreNotEatenByABody(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, size := range []int{5, 20_000, 300_000} {
		photo := make([]byte, size)
		_, _ = rand.Read(photo)
		c := h.dial()
		go func() {
			_, _ = fmt.Fprintf(c, "PUT /files/s/uploads/u%d/raw?s=PUT&z=%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%sGET /livez HTTP/1.1\r\nHost: x\r\n\r\n", size, size, size, photo)
		}()
		if r := c.receive(); r.status != 200 {
			t.Fatalf("%d bytes: PUT %d %s", size, r.status, r.body)
		}
		if r := c.receive(); r.status != 200 || !bytes.Contains(r.body, []byte("live")) {
			t.Fatalf("%d bytes: the pipelined GET got %d", size, r.status)
		}
		h.world.mu.Lock()
		if !bytes.Equal(h.world.objects[fmt.Sprintf("s/uploads/u%d/raw", size)], photo) {
			t.Errorf("%d bytes arrived changed", size)
		}
		h.world.mu.Unlock()
	}
}

func TestTrapsAmbiguousLengthsAreRefusedAndCut(t *testing.T) {
	t.Parallel()
	h := start(t)
	for name, headers := range map[string]string{
		"length and chunks":  "Content-Length: 4\nTransfer-Encoding: chunked\n",
		"chunks and length":  "Transfer-Encoding: chunked\nContent-Length: 4\n",
		"two lengths":        "Content-Length: 4\nContent-Length: 5\n",
		"two same lengths":   "Content-Length: 4\nContent-Length: 4\n",
		"odd encoding":       "Transfer-Encoding: xchunked\n",
		"stacked encodings":  "Transfer-Encoding: gzip, chunked\n",
		"identity and hides": "Transfer-Encoding: identity\nContent-Length: 4\n",
		"signed length":      "Content-Length: +4\n",
		"negative length":    "Content-Length: -4\n",
		"huge length":        "Content-Length: 99999999999999999999\n",
		"folded header":      "X-A: b\n Content-Length: 4\n",
		"space before colon": "Content-Length : 4\n",
	} {
		c := h.dial()
		c.send("POST /sessions HTTP/1.1\nHost: x\n%s\n0\n\nGET /livez HTTP/1.1\nHost: x\n\n", headers)
		r := c.receive()
		if r.status != 400 || r.header.Get("Content-Type") != "application/problem+json" || r.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v %s", name, r.status, r.header, r.body)
		}
		if _, err := c.tryReceive(); err == nil {
			t.Errorf("%s: a second request was answered on the same connection", name)
		}
	}
}

// The library waits for the beginning of a body before it calls a handler.
func TestTrapsAmbiguousLengthsAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	h := start(t)
	for name, headers := range map[string]string{
		"two lengths":       "Content-Length: 4\nContent-Length: 4000\n",
		"the shorter last":  "Content-Length: 4000\nContent-Length: 40\n",
		"length and chunks": "Content-Length: 4000\nTransfer-Encoding: chunked\n",
	} {
		c := h.dial()
		c.send("GET /livez HTTP/1.1\nHost: x\n\n") // the first on a connection is no different
		if r := c.receive(); r.status != 200 {
			t.Fatalf("livez: %d", r.status)
		}
		for _, part := range []string{"POST /sessions HTTP/1.1\nHost: x\nConte", "nt-Type: application/json\n" + headers + "\n{}"} {
			c.send("%s", part)
		}
		if r := c.receive(); r.status != 400 || r.code() != "ambiguous_length" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

func TestTrapsMalformedRequestsGetAProblem(t *testing.T) {
	t.Parallel()
	h := start(t)
	for name, raw := range map[string]string{
		"no request":     "nonsense\n\n",
		"bad header":     "GET / HTTP/1.1\nHost x\n\n",
		"bad value":      "GET / HTTP/1.1\nHost: x\nX-A: \x01\n\n",
		"no host":        "GET /livez HTTP/1.1\n\n",
		"no path":        "GET livez HTTP/1.1\nHost: x\n\n",
		"a proxy's way":  "CONNECT example.com:443 HTTP/1.1\nHost: x\n\n",
		"TLS to a plain": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"HTTP/2 preface": "PRI * HTTP/2.0\n\nSM\n\n",
	} {
		c := h.dial()
		c.send("%s", raw)
		r, err := c.tryReceive()
		if err != nil || r.status < 400 || r.status >= 500 || r.header.Get("Content-Type") != "application/problem+json" || r.code() == "" {
			t.Errorf("%s: %v %d %q", name, err, r.status, r.body)
		}
	}
	c := h.dial()
	c.send("GET /livez HTTP/1.1\nHost: x\nX-Big: %s\n\n", strings.Repeat("a", 64<<10))
	if r := c.receive(); r.status != 431 || r.code() != "header_too_large" {
		t.Errorf("big header: %d %s", r.status, r.body)
	}
}

func TestTrapsARefusedHugeBodyIsCut(t *testing.T) {
	t.Parallel()
	h := start(t)
	const huge = 256 << 20
	for name, head := range map[string]string{
		"no token":     "POST /tasks HTTP/1.1\nHost: x\n",
		"no route":     "POST /nope HTTP/1.1\nHost: x\n",
		"wrong method": "PATCH /sessions HTTP/1.1\nHost: x\n",
		"too large":    "POST /sessions HTTP/1.1\nHost: x\nContent-Type: application/json\n",
		"bad grant":    "PUT /files/a/raw?s=x&z=5 HTTP/1.1\nHost: x\n",
		"over grant":   "PUT /files/a/raw?s=PUT&z=5 HTTP/1.1\nHost: x\n",
		"multipart":    "POST /nope HTTP/1.1\nHost: x\nContent-Type: multipart/form-data; boundary=b\n",
	} {
		c := h.dial()
		c.send("%sContent-Length: %d\n\n", head, huge)
		sent := make(chan int64, 1)
		go func() {
			n, _ := io.CopyN(c.Conn, zeros{}, huge)
			sent <- n
		}()
		r := c.receive()
		if r.status < 400 || r.status >= 500 || r.code() == "" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		select {
		case n := <-sent:
			if n > 16<<20 { // socket buffers on both sides, no more
				t.Errorf("%s: %d bytes of the refused body were swallowed", name, n)
			}
		case <-time.After(3 * time.Second):
			t.Errorf("%s: the server still reads the refused body", name)
		}
	}
	for _, head := range []string{"POST /tasks HTTP/1.1\nHost: x\n", "POST /sessions HTTP/1.1\nHost: x\nContent-Type: application/json\n"} {
		c := h.dial()
		c.send("%sTransfer-Encoding: chunked\n\n", head)
		go func() {
			chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", 64<<10, make([]byte, 64<<10))
			for range 4096 {
				if _, err := c.Write(chunk); err != nil {
					return
				}
			}
		}()
		if r := c.receive(); r.status != 401 && r.status != 413 {
			t.Errorf("chunked: %d %s", r.status, r.body)
		}
		c.wantClosed(3 * time.Second)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestTrapsNobodyIsToldToContinueWithABadRequest(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	for name, c := range map[string]struct {
		head   string
		status int
	}{
		"no token":  {"POST /tasks HTTP/1.1\nHost: x\nContent-Length: 100000000\nExpect: 100-continue\n\n", 401},
		"too large": {"POST /sessions HTTP/1.1\nHost: x\nContent-Length: 100000000\nExpect: 100-continue\n\n", 413},
		"no length": {"POST /sessions HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nExpect: 100-continue\n\n", 411},
		"bad grant": {"PUT /files/a?s=no HTTP/1.1\nHost: x\nContent-Length: 5\nExpect: 100-continue\n\n", 403},
	} {
		conn := h.dial()
		conn.send("%s", c.head)
		line, err := conn.r.ReadString('\n')
		if err != nil || !strings.Contains(line, fmt.Sprint(c.status)) {
			t.Errorf("%s: %q %v, want %d", name, line, err, c.status)
		}
		conn.wantClosed(3 * time.Second)
	}
	conn := h.dial()
	conn.send("POST /session/link HTTP/1.1\nHost: x\nAuthorization: Bearer %s\nContent-Length: 2\nExpect: 100-continue\n\n", token)
	if line, _ := conn.r.ReadString('\n'); !strings.Contains(line, "100 Continue") {
		t.Fatalf("a good request was not told to continue: %q", line)
	}
	_, _ = conn.r.ReadString('\n')
	conn.send("{}GET /livez HTTP/1.1\nHost: x\n\n")
	if r := conn.receive(); r.status != 201 {
		t.Errorf("after the body: %d %s", r.status, r.body)
	}
	if r := conn.receive(); r.status != 200 {
		t.Errorf("the next request: %d", r.status)
	}
}

func TestTrapsStalledClientsTimeOut(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	for name, raw := range map[string]string{
		"nothing":        "",
		"half a head":    "GET /livez HT",
		"half a header":  "GET /livez HTTP/1.1\nHost: x\nX-A",
		"half a body":    "POST /sessions HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 100\n\n{",
		"half a chunk":   "POST /sessions HTTP/1.1\nHost: x\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n5\n{",
		"half an upload": "PUT /files/s/uploads/u/raw?s=PUT&z=100000 HTTP/1.1\nHost: x\nContent-Length: 100000\n\n" + strings.Repeat("x", 50_000),
		"no continue":    "POST /session/link HTTP/1.1\nHost: x\nAuthorization: Bearer " + token + "\nContent-Length: 10\nExpect: 100-continue\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := h.dial()
			c.send("%s", raw)
			c.wantClosed(4 * time.Second)
		})
	}
}

func TestTrapsADripOfBytesIsNotForEver(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Wire.BodyWindow, c.Wire.BodyRate = 300*time.Millisecond, 10_000 })
	for name, c := range map[string]string{
		"head":   "GET /livez HTTP/1.1\nX-Slow: ",
		"upload": "PUT /files/s/uploads/u/raw?s=PUT&z=100000 HTTP/1.1\nHost: x\nContent-Length: 100000\n\n" + strings.Repeat("x", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := h.dial()
			conn.send("%s", c)
			drip, enough := time.NewTicker(20*time.Millisecond), time.After(8*time.Second)
			defer drip.Stop()
			for {
				select {
				case <-drip.C:
					if _, err := conn.Write([]byte("x")); err != nil {
						return
					}
				case <-enough:
					t.Fatal("still listening after eight seconds of dripping")
				}
			}
		})
	}
}

func TestTrapsSlowReadersOfFilesAreDropped(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Wire.Write = 200 * time.Millisecond })
	h.world.objects["s/big"] = make([]byte, 64<<20)
	c := h.dial()
	_ = c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	c.send("GET /files/s/big?s=GET HTTP/1.1\nHost: x\n\n")
	eventually(t, func() bool { return h.server.listener.Len() == 1 })
	eventually(t, func() bool { return h.server.listener.Len() == 0 })
}

func TestTrapsKeepAliveKeepsAlive(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.dial()
	for i := range 5 {
		c.send("GET /livez HTTP/1.1\nHost: x\n\n")
		if r := c.receive(); r.status != 200 || r.header.Get("Connection") != "" {
			t.Fatalf("request %d: %d %v", i, r.status, r.header)
		}
	}
	// A small body that nobody reads does not cost the connection.
	c.send("POST /nope HTTP/1.1\nHost: x\nContent-Length: 9000\n\n%s", strings.Repeat("x", 9000))
	if r := c.receive(); r.status != 404 {
		t.Fatalf("refused: %d", r.status)
	}
	c.send("GET /livez HTTP/1.1\nHost: x\n\n")
	if r := c.receive(); r.status != 200 {
		t.Fatalf("after a refused body: %d", r.status)
	}
}

func TestTrapsThousandsOfIdleConnectionsDoNotBlockOthers(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Wire.Head = 30 * time.Second })
	for range 500 {
		c := h.dial()
		c.send("GET /livez HTTP/1.1\nHost: x\nX-Slow:")
	}
	if r := h.do("GET", "/livez", "", ""); r.status != 200 {
		t.Errorf("livez: %d", r.status)
	}
}

func TestTrapsConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Gate.Most = 3; c.Wire.Head = 10 * time.Second })
	for range 3 {
		h.dial()
	}
	eventually(t, func() bool { return h.server.listener.Len() == 3 })
	h.dial().wantClosed(2 * time.Second)
}

func TestTrapsNothingAClientSendsIsA500(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	bodies := []string{"", "{}", "[]", "null", `"x"`, `{"uploadId":{}}`, `{"consent":[]}`, `{"consent":{"policyVersion":1}}`, `{"rating":6}`, `{"rating":1.5}`, `{"size":-1,"contentType":"x","consent":true}`, strings.Repeat("[", 1000), "\xff", `{"a":1e999}`}
	for _, r := range h.server.routes {
		for _, param := range []string{string(id), task.NewID(), "%00", "..", "a%2fb", "é", strings.Repeat("x", 2000)} {
			path := strings.NewReplacer("{taskId}", param, "{uploadId}", param, "{key}", param, "{kind}", param, "{id}", param, "{name}", param).Replace(r.path)
			for _, q := range []string{"", "?wait=0.01&limit=x&cursor=%00&after=-1&ticket=%ff&s=&e=&z=99999999999999999999"} {
				if r.method != "GET" {
					for _, b := range bodies {
						if got := h.do(r.method, path+q, token, b); got.status >= 500 {
							t.Errorf("%s %s with %.40q: %d %s", r.method, path, b, got.status, got.body)
						}
					}
					continue
				}
				if strings.HasSuffix(r.path, "/stream") && param == string(id) {
					continue
				}
				if got := h.do(r.method, path+q, token, ""); got.status >= 500 {
					t.Errorf("GET %s%s: %d %s", path, q, got.status, got.body)
				}
			}
			if !strings.Contains(r.path, "{") {
				break
			}
		}
		if h.world.erased[""] {
			break
		}
		h.world.mu.Lock()
		clear(h.world.erased)
		h.world.mu.Unlock()
	}
	if log := h.log.String(); strings.Contains(log, "panic") {
		t.Errorf("a handler panicked: %s", log)
	}
}
