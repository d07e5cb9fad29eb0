package httpapi

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A load balancer hears that this gateway stops before anybody is refused.
func TestPeopleHaveNoticeBeforeAGatewayStops(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	idle := h.dial()
	idle.send("GET /livez HTTP/1.1\nHost: x\n\n")
	if r := idle.receive(); r.status != 200 {
		t.Fatalf("before: %d", r.status)
	}
	_, stream := h.watch(h.streamPath(token, id))
	readEvents(t, stream, 1)
	var over atomic.Bool
	const notice = time.Second
	began := time.Now()
	go func() {
		h.server.Leave(t.Context(), notice)
		over.Store(true)
	}()
	eventually(t, func() bool { return h.do("GET", "/readyz", "", "").status == 503 })
	idle.send("GET /livez HTTP/1.1\nHost: x\n\n")
	if r := idle.receive(); r.status != 200 {
		t.Errorf("a connection that is kept: %d", r.status)
	}
	idle.wantClosed(time.Second)
	var last string
	for {
		line, err := stream.ReadString('\n')
		if err != nil {
			break
		}
		if strings.TrimSpace(line) != "" {
			last = line
		}
	}
	if over.Load() || !strings.HasPrefix(last, "retry: ") {
		t.Errorf("the stream ended with %q, after the notice: %v", last, over.Load())
	}
	for !over.Load() {
		if r := h.do("GET", "/session", token, ""); r.status != 200 {
			t.Fatalf("refused with %d", r.status)
		}
	}
	if took := time.Since(began); took < notice {
		t.Errorf("notice of %v, want %v", took, notice)
	}
	_, late := h.watch(h.streamPath(token, id)) // nothing is refused until Run ends
	readEvents(t, late, 1)
	h.stop()
	<-h.done
}
