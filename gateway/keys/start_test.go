package keys

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// impatient is an engine whose calls fail soon.
func impatient(t *testing.T, c engine.Config) *engine.Engine {
	t.Helper()
	c.Bounds = engine.Bounds{Read: 100 * time.Millisecond, Write: 100 * time.Millisecond, Slow: 200 * time.Millisecond, Total: 200 * time.Millisecond}
	e, err := engine.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// opening opens a ring in the background, as a gateway does that starts.
func opening(t *testing.T, e *engine.Engine) (rings <-chan *Ring) {
	t.Helper()
	done := make(chan *Ring, 1)
	go func() {
		r, err := Open(t.Context(), e)
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	return done
}

// sameKeys demands that a ring of a later start signs with the keys of one
// before.
func sameKeys(t *testing.T, before, after *Ring) {
	t.Helper()
	if after == nil {
		t.Fatal("the ring was not opened")
	}
	was, _ := before.Key("session")
	if is, _ := after.Key("session"); is != was || len(after.all()) != len(before.all()) {
		t.Errorf("the key is %s of %d, was %s of %d", is, len(after.all()), was, len(before.all()))
	}
}

// A read that is not answered says nothing of the keys: they are waited for,
// and never made again.
func TestKeysAreNotReplacedBecauseNobodyAnswered(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	before := open(t, p.Host)
	for name, spoil := range map[string]func(*enginetest.Link){"deaf": (*enginetest.Link).Deafen, "mute": (*enginetest.Link).Mute, "cut": (*enginetest.Link).Cut} {
		link := enginetest.OpenLink(t, strings.TrimPrefix(p.Host.ClientURL(), "nats://"))
		e := impatient(t, engine.Config{URL: "nats://" + link.Addr(), Token: secret.New("secret"), Replicas: 1, Interval: time.Minute})
		r := Ring{masters: open(t, e).masters}
		spoil(link)
		if err := r.begin(t.Context()); err == nil {
			t.Errorf("%s: a ring begins although nobody answers", name)
		}
		rings := opening(t, e)
		select {
		case <-rings:
			t.Fatalf("%s: it does not wait", name)
		case <-time.After(time.Second): // several tries, each of which fails
		}
		link.Mend()
		sameKeys(t, before, <-rings)
		sameKeys(t, before, open(t, p.Host))
	}
}

// Without a majority no stream has a leader: so it is while a cluster starts.
func TestKeysSurviveAStartWhileTheClusterElects(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	before := open(t, c.Engine(t))
	first, second := impatient(t, c.Config()), impatient(t, c.Config())
	c.Settle(t)
	leader := c.Leader("B_keys") // it would answer a while longer
	other := (leader + 1) % enginetest.Nodes
	c.Stop(t, other)
	c.Stop(t, leader)
	rings := []<-chan *Ring{opening(t, first), opening(t, second)}
	<-time.After(time.Second) // several tries, most of which fail: who led lately may still answer
	c.Start(t, leader)
	for _, r := range rings {
		sameKeys(t, before, <-r)
	}
}
