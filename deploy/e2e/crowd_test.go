package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// mass is many connections to one address.
type mass struct {
	at    string
	mu    sync.Mutex
	conns []net.Conn

	served, told, cut atomic.Int64
}

func massAt(t *testing.T, at string) *mass {
	t.Helper()
	c := &mass{at: at}
	t.Cleanup(c.leave)
	return c
}

// come opens n more connections, which stay open. Each asks for a path, or says
// nothing where there is none.
func (c *mass) come(t *testing.T, n int, path string, headers ...string) {
	t.Helper()
	err := rig.Parallel(16, n, func(int) error {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", c.at)
		if err != nil {
			return fmt.Errorf("the listener is not reached: %w", err)
		}
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
		if path != "" {
			c.ask(conn, path, headers)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *mass) ask(conn net.Conn, path string, headers []string) {
	_ = conn.SetDeadline(time.Now().Add(6 * time.Second))
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, strings.Join(append(headers, ""), "\r\n"))
	line, err := bufio.NewReader(conn).ReadString('\n')
	switch {
	case err != nil:
		c.cut.Add(1)
	case strings.Contains(line, " 503 "):
		c.told.Add(1)
	default:
		c.served.Add(1)
	}
}

// open counts the connections that the other side has not closed.
func (c *mass) open() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			n++
		}
	}
	return n
}

func (c *mass) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// A crowd may take all the connections there are, and neither the engine nor
// operators, nor workers, nor who is connected, notices.
func TestACrowdBeyondTheLimitOnOpenFilesIsTurnedAway(t *testing.T) {
	t.Parallel()
	const descriptors, most = 1024, 576
	s := gatewayUnder(t, descriptors, section{})
	s.workerWith(t, section{})
	p := s.person(t, 1)
	if !strings.Contains(s.said(), "the limit on open files (RLIMIT_NOFILE, ulimit -n) is 1024") {
		t.Error("nothing is said of the low limit")
	}
	operators := s.operators(t, "")
	many := massAt(t, s.http)
	for round := range 3 {
		many.come(t, 500, fmt.Sprintf("/catalog?%d", round))
	}
	if served := many.served.Load(); served < most/2 || many.served.Load()+many.told.Load()+many.cut.Load() != 1500 {
		t.Errorf("of 1500, %d were served, %d told, %d cut", served, many.told.Load(), many.cut.Load())
	}
	if n := many.open(); n > most {
		t.Errorf("%d connections are open, want %d at most", n, most)
	}
	started := time.Now()
	if st, err := operators.Status(t.Context()); err != nil || len(st.Alarms) > 0 || time.Since(started) > 5*time.Second {
		t.Errorf("operators: %+v, %v, after %v", st.Alarms, err, time.Since(started))
	}
	var got client.Task
	eventually(t, func() bool { // a phone tries again
		var err error
		got, err = p.Submit(t.Context(), p.wish(1))
		return err == nil
	})
	if end := p.finish(t, got.TaskID); end.State != task.Succeeded {
		t.Errorf("a task in the crowd: %+v", end)
	}
	many.leave()
	s.session(t)
	if said := s.said(); strings.Contains(said, "too many open files") || strings.Contains(said, `"ERROR"`) {
		t.Errorf("it ran out of descriptors:\n%s", tail(said))
	}
}

// People who wait for their pictures do not keep workers from fetching photos.
func TestStreamsBeyondTheLimitLeaveRoomForWork(t *testing.T) {
	t.Parallel()
	const descriptors, most = 1024, 432
	slow := section{"providers": []section{{"name": "mock", "kind": "mock", "model": "latency=6s"}}, "limits": section{"sessionStreams": 0}}
	s := gatewayUnder(t, descriptors, slow)
	s.workerWith(t, slow)
	p := s.person(t, 2)
	first := p.submit(t, 1)
	readers := massAt(t, s.http)
	readers.come(t, 700, "/tasks/"+string(first.TaskID)+"/stream", "Authorization: Bearer "+p.Token())
	if served := readers.served.Load(); served > most || served < most-most/8 || readers.told.Load() == 0 {
		t.Errorf("of 700 readers %d are served, want %d; %d are told, %d cut", served, most, readers.told.Load(), readers.cut.Load())
	}
	second := p.submit(t, 2)
	for _, id := range []task.ID{first.TaskID, second.TaskID} {
		var end client.Task
		eventually(t, func() bool { // who asks without waiting needs no stream
			var err error
			if end, err = p.Get(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			return end.State.Terminal()
		})
		if end.State != task.Succeeded {
			t.Errorf("with all streams taken: %+v", end)
		}
	}
	if said := s.said(); strings.Contains(said, "too many open files") || strings.Contains(said, `"ERROR"`) {
		t.Errorf("it ran out of descriptors:\n%s", tail(said))
	}
}

// soldTo is a gateway of prod on loopback, where addresses are counted.
func soldTo(t *testing.T, limit int, more section) *site {
	t.Helper()
	return gatewayWith(t, laid(section{
		"environment": "prod", "admin": section{"token": "env:TOKEN"}, "limits": section{"addressConnections": limit},
		"providers": []section{{"name": "a", "kind": "openai", "baseUrl": "http://127.0.0.1:1/v1", "apiKey": "env:KEY", "priceFen": 1}},
	}, more), "TOKEN=a-token-of-the-test", "KEY=k")
}

func TestOneAddressHasSoManyConnections(t *testing.T) {
	t.Parallel()
	s := soldTo(t, 20, section{})
	operators := s.operators(t, "a-token-of-the-test")
	one := s.session(t)
	many := massAt(t, s.http)
	many.come(t, 10, "/session", "Authorization: Bearer "+one.Token()) // who shows a token is not counted
	many.come(t, 18, "/livez")
	many.come(t, 50, "/livez")
	if served, cut := many.served.Load(), many.cut.Load(); served < 28 || served > 30 || served+cut != 78 || many.told.Load() != 0 {
		t.Errorf("%d served, %d cut, %d told", served, cut, many.told.Load())
	}
	if n := strings.Count(s.said(), `"connections refused"`); n != 1 {
		t.Errorf("it is said %d times that connections are refused", n)
	}
	if _, err := operators.SetLimits(t.Context(), map[string]int64{"addressConnections": 60}, operator.Edit{Reason: "a test"}); err != nil {
		t.Fatal(err)
	}
	before := many.served.Load()
	many.come(t, 35, "/livez")
	if now := many.served.Load(); now != before+35 {
		t.Errorf("with a higher limit: %d of 35 are served", now-before)
	}
	metrics := scrape(t, s.admin, "a-token-of-the-test")
	if !strings.Contains(metrics, `imgfleet_http_connections_refused_total{reason="address"} `) || strings.Contains(metrics, `imgfleet_http_connections_refused_total{reason="address"} 0`) {
		t.Error("the metrics count no refusals")
	}
}

func TestAProxyAndADevelopersMachineAreNotCounted(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*site{
		"proxy": soldTo(t, 5, section{"http": section{"trustedProxies": []string{"127.0.0.1"}}}),
		"dev":   gatewayWith(t, section{"limits": section{"addressConnections": 5}}),
		"off":   soldTo(t, 0, section{}),
	} {
		many := massAt(t, s.http)
		many.come(t, 40, "/livez")
		if n := many.served.Load(); n != 40 {
			t.Errorf("%s: %d of 40 are served", name, n)
		}
	}
}

func scrape(t *testing.T, admin, token string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "http://"+admin+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
