package httpapi

import (
	"testing"
	"time"
)

func TestFilesThatRequestsHaveOpenAreBounded(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) {
		c.Files = 4
		c.Wire.Write, c.Wire.Body = 20*time.Second, 20*time.Second
	})
	h.world.objects["s/tasks/t/1.jpg"] = make([]byte, 32<<20) // more than the sockets hold
	const path = "/files/s/tasks/t/1.jpg?s=GET"
	for range 9 { // what is over is given back
		h.do("GET", "/files/s/tasks/t/2.jpg?s=GET", "", "")
		h.do("HEAD", path, "", "")
		h.do("GET", path, "", "", "If-None-Match", `"abc"`)
		h.do("GET", path, "", "", "Range", "bytes=0-9")
	}
	begin := func() *rawConn {
		c := h.dial()
		c.send("GET %s HTTP/1.1\nHost: x\n\n", path)
		if line, err := c.r.ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
			t.Fatalf("%q, %v", line, err)
		}
		return c
	}
	var slow []*rawConn
	for range 3 {
		slow = append(slow, begin())
	}
	put := func() reply {
		return h.do("PUT", "/files/s/uploads/u?s=PUT&z=5&c=image/jpeg", "", "photo", "Content-Type", "image/jpeg")
	}
	if r := put(); r.status != 503 || r.code() != "gateway_full" || r.header.Get("Retry-After") == "" {
		t.Errorf("an upload, which needs two of them: %d %s", r.status, r.body)
	}
	slow = append(slow, begin())
	if r := h.do("GET", path, "", ""); r.status != 503 || r.code() != "gateway_full" {
		t.Errorf("a fifth: %d", r.status)
	}
	if r := h.do("GET", "/livez", "", ""); r.status != 200 {
		t.Errorf("what needs no file: %d", r.status)
	}
	for _, c := range slow {
		_ = c.Close()
	}
	eventually(t, func() bool { return h.server.files.n.Load() == 0 })
	if r := put(); r.code() == "gateway_full" {
		t.Errorf("after them: %d %s", r.status, r.body)
	}
	begin()
}
