package e2e_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

// fewDescriptors are what the gateway may have open.
const fewDescriptors = 1200

// TestTimedUnderLoadACrowdOfConnectionsLeavesTheRestAlone opens more connections than the
// gateway has descriptors, under load: people who are there go on, nothing is
// broken, and newcomers get in when the crowd has left.
func TestTimedUnderLoadACrowdOfConnectionsLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	alone(t)
	tr := newTrial(t, trialConfig{around: []string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, fewDescriptors), "sh"}})
	tr.start(t)
	c := gather(t, tr.public)
	c.works(t, "at the start", taskPatience)
	for _, nth := range []string{"first", "second"} {
		c.amongMany(true)
		crowd := hold(t, strings.TrimPrefix(tr.public, "http://"), 2*fewDescriptors)
		c.works(t, "among the "+nth+" crowd", backSoon)
		rig.Wait(t.Context(), someTime())
		begun := time.Now()
		if _, err := tr.readiness(t.Context()); time.Since(begun) > rig.AnswerWithin {
			t.Errorf("among the crowd readiness is answered after %v: %v", time.Since(begun), err)
		}
		c.works(t, "later among the "+nth+" crowd", backSoon)
		for _, conn := range crowd {
			_ = conn.Close()
		}
		rig.Wait(t.Context(), time.Second) // connections end
		c.amongMany(false)
		tr.becomes(t, "after the "+nth+" crowd", true, backSoon)
		c.works(t, "after the "+nth+" crowd", backSoon)
	}
	c.leave(t)
	tr.quiet(t)
}

// hold opens connections that begin a request and never end it. The server may
// close some of them.
func hold(t *testing.T, addr string, n int) (held []net.Conn) {
	t.Helper()
	t.Cleanup(func() {
		for _, conn := range held {
			_ = conn.Close()
		}
	})
	d, refused := net.Dialer{Timeout: time.Second}, 0
	for range n {
		conn, err := d.DialContext(t.Context(), "tcp", addr)
		if err != nil {
			refused++
			continue
		}
		_, _ = conn.Write([]byte("GET / HTTP/1.1\r\n"))
		held = append(held, conn)
	}
	t.Logf("%d connections were opened, %d refused", len(held), refused)
	return held
}
