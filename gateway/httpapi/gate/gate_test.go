package gate_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/httpapi/gate"
)

// house is a listener whose connections stay open until the test closes them.
type house struct {
	*gate.Listener

	accepted chan *gate.Conn
}

func open(t *testing.T, c gate.Config) *house {
	t.Helper()
	inner, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{gate.On(inner, c), make(chan *gate.Conn, 64)}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := h.Accept()
			if err != nil {
				return
			}
			h.accepted <- c.(*gate.Conn)
		}
	})
	t.Cleanup(func() { _ = h.Close(); accepting.Wait() })
	return h
}

func (h *house) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", h.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	return c
}

// comes in and stays.
func (h *house) enter(t *testing.T) *gate.Conn {
	t.Helper()
	h.dial(t)
	select {
	case c := <-h.accepted:
		t.Cleanup(func() { _ = c.Close() })
		return c
	case <-time.After(5 * time.Second):
		t.Fatal("a connection was not accepted")
		return nil
	}
}

// refuses reports what a connection that has no room gets.
func (h *house) refuses(t *testing.T) string {
	t.Helper()
	c := h.dial(t)
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
	got, err := io.ReadAll(c)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Fatal("a connection beyond the cap stays open")
	}
	return string(got)
}

// lockedBuffer is written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func three() int64 { return 3 }

func TestAnAddressHasSoManyConnections(t *testing.T) {
	t.Parallel()
	h := open(t, gate.Config{PerAddress: three})
	first := h.enter(t)
	h.enter(t)
	h.enter(t)
	if got := h.refuses(t); got != "" || h.Refused(gate.Address) != 1 {
		t.Errorf("a fourth gets %q, %d refused", got, h.Refused(gate.Address))
	}
	_, _ = first.Close(), first.Close() // HTTP libraries close twice
	h.enter(t)
	h.refuses(t)
	if h.Open() != 3 || h.Refused(gate.Address) != 2 {
		t.Errorf("%d open, %d refused", h.Open(), h.Refused(gate.Address))
	}
}

func TestAConnectionThatShowedATokenLeavesTheCount(t *testing.T) {
	t.Parallel()
	h := open(t, gate.Config{PerAddress: three})
	for range 9 {
		c := h.enter(t)
		c.Know()
		c.Know()
	}
	last := h.enter(t)
	h.enter(t)
	h.enter(t)
	h.refuses(t)
	_ = last.Close()
	last.Know() // a handler may say so late
	h.enter(t)
	h.refuses(t)
	if h.Open() != 12 || h.Refused(gate.Address) != 2 {
		t.Errorf("%d open, %d refused", h.Open(), h.Refused(gate.Address))
	}
}

func TestAProxyIsNotCharged(t *testing.T) {
	t.Parallel()
	h := open(t, gate.Config{PerAddress: three, Uncounted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for range 9 {
		h.enter(t)
	}
	if h.Open() != 9 {
		t.Errorf("%d open", h.Open())
	}
}

func TestTheLimitOfAnAddressChangesWhileItRuns(t *testing.T) {
	t.Parallel()
	h := open(t, gate.Config{PerAddress: three})
	h.Limit(nil)
	for range 9 {
		h.enter(t)
	}
	h.Limit(three) // those that are open stay
	h.refuses(t)
	h.Limit(func() int64 { return 10 })
	h.enter(t)
	h.refuses(t)
	if h.Open() != 10 {
		t.Errorf("%d open", h.Open())
	}
}

func TestBeyondTheCapOneIsToldAndACrowdIsClosed(t *testing.T) {
	t.Parallel()
	h := open(t, gate.Config{Most: 2, Answer: func() []byte { return []byte("full") }})
	first := h.enter(t)
	first.Know() // counts for its address no more, and is open
	h.enter(t)
	if got := h.refuses(t); got != "full" {
		t.Errorf("a third gets %q", got)
	}
	var crowd sync.WaitGroup
	for range 100 { // who says nothing is not waited for
		crowd.Go(func() { _, _ = io.ReadAll(h.dial(t)) })
	}
	crowd.Wait()
	if h.Refused(gate.Full) != 101 || h.Open() != 2 {
		t.Errorf("%d refused, %d open", h.Refused(gate.Full), h.Open())
	}
	_ = first.Close()
	h.enter(t)
}

func TestStrangersHaveACapOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := open(t, gate.Config{Most: 9, Strangers: 2})
	first := h.enter(t)
	h.enter(t)
	h.refuses(t)
	first.Know()
	h.enter(t)
	h.refuses(t)
	if h.Refused(gate.Strangers) != 2 || h.Open() != 3 {
		t.Errorf("%d refused, %d open", h.Refused(gate.Strangers), h.Open())
	}
}

func TestRefusalsAreCountedAndSaidOnce(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	h := open(t, gate.Config{PerAddress: three, Most: 8, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	reg := prometheus.NewRegistry()
	h.Watch(reg)
	for range 3 {
		h.enter(t)
	}
	for range 9 {
		h.refuses(t)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "reason=address") || strings.Contains(got, "127.0.0.1") {
		t.Errorf("the log says %s", got)
	}
	found, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range found {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{
		"imgfleet_http_connections_refused_total address": 9, "imgfleet_http_connections_refused_total full": 0, "imgfleet_http_connections_refused_total strangers": 0,
		"imgfleet_http_connections_shed_total": 0, "imgfleet_http_open_connections": 3, "imgfleet_http_open_connections_strange": 3, "imgfleet_http_open_connections_most": 8,
	}
	if !maps.Equal(got, want) {
		t.Errorf("metrics are %v, want %v", got, want)
	}
}

func TestCountsAreExactInAThrong(t *testing.T) {
	t.Parallel()
	h := open(t, gate.Config{PerAddress: func() int64 { return 1000 }, Most: 1000})
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			c := h.enter(t)
			if i%2 == 0 {
				go c.Know()
			}
			_ = c.Close()
		})
	}
	all.Wait()
	if h.Open() != 0 {
		t.Errorf("%d open", h.Open())
	}
}
