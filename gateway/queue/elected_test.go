package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// lined is a queue of a gateway whose line to the engine can go bad.
func lined(t *testing.T) (*Queue, *enginetest.Link) {
	t.Helper()
	host := enginetest.OpenPair(t).Host
	line := enginetest.OpenLink(t, strings.TrimPrefix(host.ClientURL(), "nats://"))
	e, err := engine.Open(t.Context(), engine.Config{URL: "nats://" + line.Addr(), Token: secret.New("secret"), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return openOn(t, e, 0), line
}

// The engine may be lost between a request and its answer. Nobody answers a
// request that went with it.
func TestAJobIsGivenUpAlthoughTheEngineWasAway(t *testing.T) {
	t.Parallel()
	q, line := lined(t)
	l := lead(t, q, 16)
	begin(t, q)
	s := l.next(t)
	line.Deafen()
	confirmed := make(chan error, 1)
	go func() { confirmed <- s.Confirm(t.Context()) }()
	enginetest.Await(t, "the line is found dead", func() bool { return !q.engine.Connected() })
	line.Cut()
	line.Mend()
	if err := within(t, confirmed, "the confirmation"); err != nil {
		t.Error(err)
	}
	enginetest.Await(t, "the queue is empty", func() bool { n, err := q.Backlog(t.Context()); return err == nil && n == 0 })
}

func TestATakeOverWaitsForAnEngineThatIsAway(t *testing.T) {
	t.Parallel()
	q, line := lined(t)
	begin(t, q)
	line.Cut()
	l := lead(t, q, 16)
	enginetest.Await(t, "the line is cut", func() bool { return !q.engine.Connected() })
	select {
	case err := <-l.ended:
		t.Fatalf("the take-over ended: %v", err)
	case <-time.After(4 * time.Second): // longer than the bounds of one call //nolint:forbidigo
	}
	line.Mend()
	l.next(t)
}
