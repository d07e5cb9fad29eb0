package enginetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
)

const stream = "KEPT"

func publish(t *testing.T, e *engine.Engine, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	_, err := e.JetStream().Publish(ctx, "kept.it", []byte("it"), jetstream.WithRetryAttempts(0))
	return err
}

func TestAClusterOutlivesItsNodes(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	e := c.Engine(t)
	if _, err := e.Stream(t.Context(), jetstream.StreamConfig{Name: stream, Subjects: []string{"kept.>"}}); err != nil {
		t.Fatal(err)
	}
	c.Settle(t)
	if got := c.Replicas(t); got[stream] != enginetest.Nodes {
		t.Fatalf("replicas = %v", got)
	}
	said := 0
	say := func() { // until it is taken: the client may be on its way to another node
		enginetest.Await(t, "a publish", func() bool { return publish(t, e, 2*time.Second) == nil })
		said++
	}
	say()

	first := c.Leader(stream)
	c.Stop(t, first)
	say()
	second := c.Leader(stream)
	if second == first || second < 0 {
		t.Fatalf("node %d leads after node %d stopped", second, first)
	}
	c.Stop(t, second)
	if err := publish(t, e, 500*time.Millisecond); err == nil {
		t.Error("one node of three took a message")
	}
	c.Start(t, first)
	c.Settle(t)
	say()
	c.Start(t, second)
	c.Settle(t)
	c.StepDown(t, stream)
	say()
	s, err := e.JetStream().Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().State.Msgs; n < uint64(said) {
		t.Errorf("%d messages are left of %d", n, said)
	}
}

func TestALinkBreaksTwoWays(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	e, k := c.Linked(t, 0)
	if _, err := e.Stream(t.Context(), jetstream.StreamConfig{Name: stream, Subjects: []string{"kept.>"}}); err != nil {
		t.Fatal(err)
	}
	c.Settle(t)
	works := func() bool { return publish(t, e, time.Second) == nil }
	k.Deafen()
	if works() || !e.Conn().IsConnected() {
		t.Errorf("over a deaf link: connected %t", e.Conn().IsConnected())
	}
	k.Mend()
	enginetest.Await(t, "a publish over the mended link", works)
	k.Cut()
	enginetest.Await(t, "the connection breaks", func() bool { return !e.Conn().IsConnected() })
	k.Mend()
	enginetest.Await(t, "a publish over the link that was cut", works)
}
