package wire

import (
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// flaky is a listener that fails before each connection.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures > 0 {
		f.failures--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.Listener.Accept()
}

const ours = "HTTP/1.1 400 ours\r\n\r\n"

func listen(t *testing.T, limits Limits) *Listener {
	t.Helper()
	l, err := Listen(t.Context(), "127.0.0.1:0", limits, func(int) []byte { return []byte(ours) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); l.CloseAll() })
	return l
}

// pair is an accepted connection and its client.
func pair(t *testing.T, l *Listener) (*Conn, net.Conn) {
	t.Helper()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Conn), client
}

func TestRunningOutOfDescriptorsIsSurvived(t *testing.T) {
	t.Parallel()
	l := listen(t, Defaults())
	l.Listener = &flaky{Listener: l.Listener, failures: 3}
	pair(t, l)
}

func TestAClosedListenerStopsAccepting(t *testing.T) {
	t.Parallel()
	l := listen(t, Defaults())
	_ = l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestTheLibrarysOwnErrorIsReplacedOnce(t *testing.T) {
	t.Parallel()
	c, client := pair(t, listen(t, Defaults()))
	_, _ = client.Write([]byte("nonsense"))
	_, _ = c.Read(make([]byte, 64))
	_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	_, _ = c.Write([]byte("and more"))
	_ = c.Close()
	got, _ := io.ReadAll(client)
	if string(got) != "HTTP/1.1 400 ours\r\n\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestIdleIsBetweenRequestsOnly(t *testing.T) {
	t.Parallel()
	l := listen(t, Defaults())
	c, client := pair(t, l)
	buf := make([]byte, 64)
	_, _ = client.Write([]byte("GET"))
	_, _ = c.Read(buf)
	l.CloseIdle()
	c.Begin()
	c.Answered(Consumed)
	if _, err := c.Write([]byte("answer")); err != nil {
		t.Fatalf("a running request was closed: %v", err)
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute)) // as the library does before it waits for the next request
	l.CloseIdle()
	if _, err := c.Read(buf); err == nil {
		t.Error("an idle connection was left open")
	}
}

func TestADetachedConnectionOutlivesItsCloses(t *testing.T) {
	t.Parallel()
	l := listen(t, Defaults())
	c, client := pair(t, l)
	c.Detach(func(raw net.Conn) {
		_, _ = raw.Write([]byte("still here"))
		_ = raw.Close()
	})
	_, _ = c.Close(), c.Close() // the library closes twice after a hijack
	got, err := io.ReadAll(client)
	if err != nil || string(got) != "still here" {
		t.Errorf("got %q, %v", got, err)
	}
	if l.Len() != 0 {
		t.Errorf("%d connections are still counted", l.Len())
	}
}

func TestStatusesAreRead(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"HTTP/1.1 431 x": 431, "HTTP/1.1": 400, "HTTP/1.1 4x1": 400, strings.Repeat(" ", 99): 400} {
		if got := statusOf([]byte(in)); got != want {
			t.Errorf("%q: %d", in, got)
		}
	}
}

func TestThoseWhoSayNothingMakeRoom(t *testing.T) {
	t.Parallel()
	limits := Defaults()
	limits.Shed = 50 * time.Millisecond
	l := listen(t, limits)
	silent, _ := pair(t, l)
	begun, client := pair(t, l)
	_, _ = client.Write([]byte("GET / HT"))
	_, _ = begun.Read(make([]byte, 64))
	served, client := pair(t, l)
	_, _ = client.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	_, _ = served.Read(make([]byte, 64))
	served.Begin()
	if n := l.Shed(9); n != 0 {
		t.Errorf("%d are closed at once", n)
	}
	closed := func(c *Conn) bool {
		_, err := c.Conn.Write(nil)
		return errors.Is(err, net.ErrClosed)
	}
	deadline := time.Now().Add(5 * time.Second)
	n := 0
	for n < 2 && time.Now().Before(deadline) {
		n += l.Shed(1)
		runtime.Gosched()
	}
	if more := l.Shed(9); n != 2 || more != 0 || !closed(silent) || !closed(begun) || closed(served) {
		t.Errorf("%d and %d are closed: silent %v, begun %v, served %v", n, more, closed(silent), closed(begun), closed(served))
	}
}
