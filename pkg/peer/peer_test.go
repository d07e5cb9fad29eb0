package peer_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/peer"
	"github.com/imgfleet/imgfleet/pkg/peer/peertest"
)

// within is how long a peer that vanished may hold a connection.
const within = 45 * time.Second

func TestAPeerThatVanishedEndsItsConnections(t *testing.T) {
	t.Parallel()
	if !peertest.Alone(t) {
		return
	}
	l, err := peer.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ends := map[string]net.Conn{}
	for _, name := range []string{"accepted, idle", "accepted, with something under way"} {
		ends[name], _ = accepted(t, l, new(net.Dialer))
	}
	for _, name := range []string{"dialled, idle", "dialled, with something under way"} {
		_, ends[name] = accepted(t, l, peer.Dialer(time.Second))
	}
	peertest.Vanish(t)
	ended := make(chan string)
	began := time.Now()
	for name, c := range ends {
		go func() {
			_ = c.SetReadDeadline(began.Add(within))
			if len(name) > len("accepted, idle") {
				_, _ = io.WriteString(c, "is anybody there?")
			}
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ETIMEDOUT) {
				name += ": " + errText(err)
			}
			ended <- name
		}()
	}
	for range ends {
		name := <-ended
		if _, right := ends[name]; !right {
			t.Error(name)
		}
		t.Logf("%s, after %v", name, time.Since(began))
	}
}

func errText(err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "still open"
	}
	return err.Error()
}

// accepted gives the two ends of a new connection.
func accepted(t *testing.T, l net.Listener, d *net.Dialer) (accepted, dialled net.Conn) {
	t.Helper()
	dialled, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if accepted, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return accepted, dialled
}
