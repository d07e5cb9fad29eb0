package keys

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
)

func openEngine(t testing.TB, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: dir, Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func open(t testing.TB, e *engine.Engine) *Ring {
	t.Helper()
	r, err := Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// verifies asks a ring that can know.
func verifies(t testing.TB, r *Ring, purpose, msg string, mac []byte) bool {
	t.Helper()
	good, err := r.Verify(t.Context(), purpose, []byte(msg), mac)
	if err != nil {
		t.Error(err)
	}
	return good
}

// lookup asks a ring that can know.
func lookup(t testing.TB, r *Ring, kid string) (key []byte, known bool) {
	t.Helper()
	key, known, err := r.Lookup(t.Context(), "session", kid)
	if err != nil {
		t.Error(err)
	}
	return key, known
}

func TestGatewaysThatStartTogetherShareOneMaster(t *testing.T) {
	t.Parallel()
	e := openEngine(t, t.TempDir())
	rings := make([]*Ring, 8)
	var all sync.WaitGroup
	for i := range rings {
		all.Go(func() { rings[i], _ = Open(t.Context(), e) })
	}
	all.Wait()
	mac := rings[0].Sign("files", []byte("hello"))
	for i, r := range rings {
		if !verifies(t, r, "files", "hello", mac) {
			t.Errorf("ring %d does not know what ring 0 signed", i)
		}
	}
}

func TestMastersSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := openEngine(t, dir)
	before := open(t, e)
	mac := before.Sign("files", []byte("hello"))
	kid, secret := before.Key("session")
	e.Close()
	after := open(t, openEngine(t, dir))
	if !verifies(t, after, "files", "hello", mac) {
		t.Error("a MAC from before the restart is refused")
	}
	if again, known := lookup(t, after, kid); !known || !bytes.Equal(again, secret) {
		t.Error("a key from before the restart is not found")
	}
}

func TestPurposesAndMessagesDoNotMix(t *testing.T) {
	t.Parallel()
	r := open(t, openEngine(t, t.TempDir()))
	mac := r.Sign("files", []byte("hello"))
	for name, good := range map[string]bool{
		"the same":        verifies(t, r, "files", "hello", mac),
		"another purpose": !verifies(t, r, "tickets", "hello", mac),
		"another message": !verifies(t, r, "files", "hellp", mac),
		"a short mac":     !verifies(t, r, "files", "hello", mac[:8]),
		"no mac":          !verifies(t, r, "files", "hello", nil),
	} {
		if !good {
			t.Errorf("%s: wrong answer", name)
		}
	}
}

func TestARotationVerifiesOldAndNewOnEveryGateway(t *testing.T) {
	t.Parallel()
	e := openEngine(t, t.TempDir())
	a, b := open(t, e), open(t, e)
	old := a.Sign("files", []byte("hello"))
	oldKid, _ := a.Key("session")
	if err := a.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kid, _ := a.Key("session"); kid != oldKid {
		t.Error("a new master signs before the other gateways can know it")
	}
	newKid := a.all()[1].ID
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	deadline := time.Now().Add(5 * time.Second)
	for _, known := lookup(t, b, newKid); !known; _, known = lookup(t, b, newKid) {
		if time.Now().After(deadline) {
			t.Fatal("the other gateway never saw the rotation")
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // Lookup has no event to wait for
	}
	b.all()[1].CreatedAt = time.Now().Add(-2 * settle)
	if kid, _ := b.Key("session"); kid != newKid {
		t.Error("a settled master does not sign")
	}
	if !verifies(t, b, "files", "hello", old) || !verifies(t, a, "files", "hello", b.Sign("files", []byte("hello"))) {
		t.Error("old and new must both verify")
	}
	stop()
	if err := <-done; err == nil {
		t.Error("Run must end with its context's cause")
	}
}

func BenchmarkSign(b *testing.B) {
	r := open(b, openEngine(b, b.TempDir()))
	msg := []byte("GET\nsession/tasks/task/1.jpg\n1767225600\n\n0\n0")
	for b.Loop() {
		r.Sign("files", msg)
	}
}

func BenchmarkVerify(b *testing.B) {
	r := open(b, openEngine(b, b.TempDir()))
	msg := []byte("GET\nsession/tasks/task/1.jpg\n1767225600\n\n0\n0")
	mac := r.Sign("files", msg)
	for b.Loop() {
		_, _ = r.Verify(b.Context(), "files", msg, mac)
	}
}
