package enginetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// raw creates a stream past the engine.
func raw(t *testing.T, url, token string, s jetstream.StreamConfig) {
	t.Helper()
	conn, err := nats.Connect(url, nats.Token(token))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateOrUpdateStream(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAStreamWithoutALeaderIsNamed(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	raw(t, c.URL(), c.Config().Token.Reveal(), jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.*"}, Replicas: 1})
	e := c.Engine(t)
	kept(t, e)
	p := probe(t, e)
	c.Settle(t)
	soon(t, "ready", func() bool { return p.Check(t.Context()) == nil })
	leads := c.Leader("KEPT")
	c.Stop(t, leads)
	var said string
	enginetest.Await(t, "the stream alone is named", func() bool { // the others may elect first
		said = words(p.Check(t.Context()))
		return strings.Contains(said, "KEPT") && !strings.Contains(said, "PROBE")
	})
	if err := publish(t, e, 5*time.Second); err == nil {
		t.Fatal("a stream that is away took a message")
	}
	other := (leads + 1) % enginetest.Nodes
	c.Stop(t, other)
	enginetest.Await(t, "all streams are named", func() bool {
		said = words(p.Check(t.Context()))
		return strings.Contains(said, "KEPT") && strings.Contains(said, "PROBE")
	})
	c.Start(t, leads)
	c.Start(t, other)
	c.Settle(t)
	soon(t, "ready again, without a publish to the stream", func() bool { return p.Check(t.Context()) == nil })
}

func TestAPublishThatFailedIsSeenUntilOneWouldNot(t *testing.T) {
	t.Parallel()
	e := opened(t)
	kept(t, e)
	p := probe(t, e)
	if err := p.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	only := func(subject string) {
		t.Helper()
		raw(t, e.ClientURL(), attendedToken, jetstream.StreamConfig{Name: "KEPT", Subjects: []string{subject}, MaxMsgsPerSubject: 1000})
	}
	only("lost.*") // now nobody takes kept.it, and everything that can be read is well
	if err := p.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := publish(t, e, time.Second); err == nil {
		t.Fatal("the stream took a message")
	}
	for range 2 {
		if said := words(p.Check(t.Context())); !strings.Contains(said, "stream KEPT takes no message since") {
			t.Errorf("after a publish that failed: %q", said)
		}
	}
	only("kept.*")
	if err := p.Check(t.Context()); err != nil {
		t.Errorf("although it would take one: %v", err)
	}
	if s, err := e.JetStream().Stream(t.Context(), "KEPT"); err != nil || s.CachedInfo().State.LastSeq != 0 {
		t.Errorf("the trial left something in the stream, or %v", err)
	}
}

func TestARealPublishClearsTheMark(t *testing.T) {
	t.Parallel()
	e := opened(t)
	kept(t, e)
	p := probe(t, e)
	raw(t, e.ClientURL(), attendedToken, jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"lost.*", "kept.it"}, MaxMsgsPerSubject: 1000})
	if _, err := e.JetStream().Publish(t.Context(), "kept.other", nil); err == nil {
		t.Fatal("the stream took a message")
	}
	if p.Check(t.Context()) == nil {
		t.Error("ready after a publish that failed")
	}
	if err := publish(t, e, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err != nil {
		t.Errorf("after a publish that did not fail: %v", err)
	}
}

func TestASetThatWasDroppedIsNotMissed(t *testing.T) {
	t.Parallel()
	e := opened(t)
	p := probe(t, e)
	sets := e.Sets("PLACES_", "place")
	if err := sets.Open(t.Context(), "expo", 2); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sets.Drop(t.Context(), 0, func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err != nil {
		t.Errorf("after its campaign: %v", err)
	}
	kept(t, e)
	if err := e.JetStream().DeleteStream(t.Context(), "KEPT"); err != nil {
		t.Fatal(err)
	}
	if said := words(p.Check(t.Context())); !strings.Contains(said, "stream KEPT: it is gone") {
		t.Errorf("a stream that is lost: %q", said)
	}
}

func TestTheProbeStreamStaysSmall(t *testing.T) {
	t.Parallel()
	e := opened(t)
	p := probe(t, e)
	for range 20 {
		if err := p.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := e.JetStream().Stream(t.Context(), "PROBE")
	if err != nil || s.CachedInfo().State.Msgs != 1 {
		t.Errorf("it holds %+v, %v", s.CachedInfo().State, err)
	}
}

func opened(t *testing.T) *engine.Engine {
	t.Helper()
	c := embedded(t)
	c.Listen, c.Token = "127.0.0.1:0", secret.New(attendedToken)
	e, err := engine.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}
