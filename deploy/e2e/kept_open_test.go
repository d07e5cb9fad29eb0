package e2e_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/client"
)

// heard is what came on one connection until it closed.
type heard struct {
	ids    []uint64
	events []string
	err    error
	open   chan<- struct{} // is told of the first event
}

func (h *heard) add(id, event string) {
	if len(h.ids) == 0 {
		h.open <- struct{}{}
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		h.err = errors.Join(h.err, err)
	}
	h.ids, h.events = append(h.ids, n), append(h.events, event)
}

// unbroken says what is wrong with the events of one connection: each follows
// the one before, and the last ends the task well.
func (h *heard) unbroken() error {
	for i := 1; i < len(h.ids); i++ {
		if h.ids[i] != h.ids[i-1]+1 && (i > 1 || h.ids[i] != h.ids[0]) {
			return fmt.Errorf("event %d follows %d", h.ids[i], h.ids[i-1])
		}
	}
	if n := len(h.events); n == 0 || h.events[n-1] != "succeeded" {
		return errors.New("it closed before the end")
	}
	return h.err
}

// stream reads text/event-stream until its end.
func stream(t *testing.T, url string, open chan<- struct{}) *heard {
	t.Helper()
	h := &heard{open: open}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := new(http.Client).Do(req)
	if err != nil {
		h.err = err
		return h
	}
	defer func() { _ = resp.Body.Close() }()
	id := ""
	lines := bufio.NewScanner(resp.Body)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = v
		}
		if v, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			h.add(id, v)
		}
	}
	h.err = errors.Join(h.err, lines.Err())
	return h
}

// socket reads the frames of a WebSocket until its end.
func socket(t *testing.T, url string, open chan<- struct{}) *heard {
	t.Helper()
	h := &heard{open: open}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		req.Header.Set(k, v)
	}
	resp, err := new(http.Client).Do(req)
	if err != nil {
		h.err = err
		return h
	}
	defer func() { _ = resp.Body.Close() }()
	from := bufio.NewReader(resp.Body)
	for {
		text, data, err := readFrame(from)
		if err != nil {
			return h
		}
		var m struct{ ID, Event string }
		if text && json.Unmarshal(data, &m) == nil {
			h.add(m.ID, m.Event)
		}
	}
}

// readFrame reads one frame of a server, which are never masked nor in parts.
func readFrame(from *bufio.Reader) (text bool, data []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return false, nil, err
	}
	n := uint64(head[1] & 0x7f)
	if n == 126 {
		var more [2]byte
		if _, err := io.ReadFull(from, more[:]); err != nil {
			return false, nil, err
		}
		n = uint64(binary.BigEndian.Uint16(more[:]))
	}
	data = make([]byte, n)
	_, err = io.ReadFull(from, data)
	return head[0]&0xf == 1, data, err
}

// Who follows a task stays connected while the engine is away, is told nothing
// false, and hears the rest when it is back. Who waits for a change is told
// soon what is known.
func TestTimedStreamsStayOpenWhileTheEngineIsAway(t *testing.T) {
	t.Parallel()
	alone(t)
	cluster := enginetest.OpenCluster(t)
	line := enginetest.OpenLink(t, cluster.Addr(0))
	drawing := laid(unlimited(), section{"providers": []section{{"name": "mock", "kind": "mock", "model": "latency=15s&jitter=0s&steps=30"}}})
	s := gatewayWith(t, laid(drawing, section{
		"engine": section{"url": "nats://" + line.Addr(), "token": cluster.Config().Token.Reveal()}, "store": section{"shared": true},
	}))
	s.workerWith(t, drawing)
	p, mend := s.person(t, 1), func(*testing.T) { line.Mend() }
	for i, l := range []loss{
		{"the engine is deaf", func(*testing.T) { line.Deafen() }, mend, backWithin},
		{"the engine is gone", func(*testing.T) { line.Cut() }, mend, backWithin},
		{"no stream has a leader", func(t *testing.T) { cluster.Stop(t, 1); cluster.Stop(t, 2) }, func(t *testing.T) { cluster.Start(t, 1); cluster.Start(t, 2) }, electedWithin},
	} {
		made := p.submit(t, int64(i))
		base := "http://" + s.http
		streamed, socketed := make(chan *heard, 1), make(chan *heard, 1)
		open := make(chan struct{}, 2)
		go func() { streamed <- stream(t, base+made.Links.Stream, open) }()
		go func() { socketed <- socket(t, base+made.Links.WS, open) }()
		now, err := follow(t.Context(), p.Session, made.TaskID, 0, func(e client.Event) bool { return e.Name == "progress" })
		if err != nil {
			t.Fatal(err)
		}
		<-open
		<-open
		early := make(chan got, 1)
		go func() {
			early <- asker().do(t, question{method: http.MethodGet, url: base + made.Links.Self + "?wait=25", header: bearerOf(p.Session)})
		}()
		l.away(t)
		waits(t, l, p, base+made.Links.Self, now[len(now)-1].Version())
		if g := <-early; g.err != nil || g.took > rig.AnswerWithin || !bearable(row{right: []int{http.StatusOK}}, g) {
			t.Errorf("%s: ?wait that had begun: %s", l.name, g)
		}
		rig.Wait(t.Context(), settledLossFor)
		l.back(t)
		for kind, c := range map[string]chan *heard{"stream": streamed, "socket": socketed} {
			h := <-c
			if err := h.unbroken(); err != nil {
				t.Errorf("%s: a %s: %v: %v %v", l.name, kind, err, h.ids, h.events)
			}
		}
	}
}

// asker asks over connections of its own.
func asker() *bounded {
	return &bounded{client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// waits asks for a change that cannot come, at once and a while later.
func waits(t *testing.T, l loss, p *person, url string, known uint64) {
	t.Helper()
	for range 2 {
		g := asker().do(t, question{method: http.MethodGet, url: url + "?wait=25", header: bearerOf(p.Session)})
		if g.err != nil || g.took > rig.AnswerWithin || !bearable(row{right: []int{http.StatusOK}}, g) {
			t.Errorf("%s: ?wait: %s (version %d was known)", l.name, g, known)
		}
		t.Logf("%s: ?wait: %s", l.name, g)
	}
}
