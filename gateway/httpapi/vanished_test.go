package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/imgfleet/imgfleet/gateway/httpapi/hub"
	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/pkg/peer/peertest"
)

// A phone whose battery is empty says goodbye to nobody. Whatever it was doing,
// its connection and its stream are free for others within 45 seconds.
func TestWhoVanishesHoldsNothingForLong(t *testing.T) {
	t.Parallel()
	if !peertest.Alone(t) {
		return
	}
	h := start(t, func(c *Config, _ *Deps) { c.Wire, c.Streams = wire.Defaults(), hub.Defaults() })
	h.world.limits.SessionStreams = 0
	token := h.session()
	id := h.taskID(token)
	stream, _ := h.watch(h.streamPath(token, id))
	defer stream.Body.Close()
	socket, _, _, err := ws.Dial(t.Context(), strings.Replace(h.base, "http", "ws", 1)+strings.Replace(h.streamPath(token, id), "/stream", "/ws", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	u := h.do("POST", "/uploads", token, `{"contentType":"image/jpeg","size":50000,"consent":true}`).json(t)
	put := h.dial()
	put.send("PUT %s HTTP/1.1\nHost: x\nContent-Type: image/jpeg\nContent-Length: 50000\n\nsome of it", u["uploadUrl"])
	location, _ := h.resumable(token, 50_000)
	h.begin(location, 0, 10)
	idle, _ := h.ask("GET", "/livez", "")
	defer idle.Close()
	waits := h.dial()
	waits.send("GET /tasks/%s?wait=25 HTTP/1.1\nHost: x\nAuthorization: Bearer %s\n\n", id, token)
	eventually(t, func() bool { return h.world.readers(id) == 3 })
	if open := h.server.deps.Listener.Open(); open < 6 {
		t.Fatalf("%d connections are open", open)
	}
	peertest.Vanish(t)
	began := time.Now()
	for h.world.readers(id) > 0 || h.server.deps.Listener.Open() > 0 {
		if time.Since(began) > 45*time.Second {
			t.Fatalf("after 45 s: %d streams and %d connections", h.world.readers(id), h.server.deps.Listener.Open())
		}
		<-time.After(100 * time.Millisecond)
	}
	t.Logf("all is free after %v", time.Since(began))
}
