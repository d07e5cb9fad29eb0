package keys

import (
	"context"
	"errors"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// An engine was away, and another gateway rotated the keys. What it signs is
// good: who has not heard of the rotation asks, and refuses nothing.
func TestABlindRingRefusesNoNewKey(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	here, there := open(t, p.Joined), open(t, p.Host)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = here.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	enginetest.Await(t, "it is sighted", here.masters.Sighted)
	old := there.Sign("files", []byte("hello"))
	p.Restart(t, func() {
		enginetest.Await(t, "it is blind", func() bool { return !here.masters.Sighted() })
		if good, err := here.Verify(t.Context(), "files", []byte("hello"), old); !good || err != nil {
			t.Errorf("what a known key signed: %v, %v; it needs no engine", good, err)
		}
		if good, err := here.Verify(t.Context(), "files", []byte("hello"), old[1:]); good || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("what no known key signed: %v, %v; want Unavailable", good, err)
		}
	})
	var signed []byte
	var kid string
	p.Elsewhere(t, func(ctx context.Context, e *engine.Engine) error {
		there := open(t, e)
		err := there.Rotate(ctx)
		fresh := there.all()[1]
		kid, signed = fresh.ID, fresh.key("files").mac([]byte("hello"))
		return err
	}, func(ctx context.Context) error {
		good, err := here.Verify(ctx, "files", []byte("hello"), signed)
		_, known, lookup := here.Lookup(ctx, "session", kid)
		if err == nil && !good || lookup == nil && !known {
			t.Errorf("verified %v, known %v, although the key is there", good, known)
		}
		return errors.Join(err, lookup)
	})
}
