package upload

import (
	"context"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// An engine was away, and a photo was deleted on another gateway as soon as it
// was back. What memory says of it is not to be believed until this gateway
// has heard of every deletion.
func TestABlindGatewayGivesNoDeletedUpload(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	f := openOn(t, p.Joined, nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	enginetest.Await(t, "it is sighted", f.removals.Sighted)
	up := f.ready1(t, "12345")
	if _, kept := f.Uploads.ready.GetIfPresent(uploadKey(f.id, up.ID)); !kept {
		t.Fatal("a ready upload is not in memory")
	}
	p.Elsewhere(t, func(ctx context.Context, e *engine.Engine) error {
		there := &fixture{engine: e, judge: f.judge}
		_, err := there.gateway(t, Defaults()).Remove(ctx, f.id, up.ID)
		return err
	}, func(ctx context.Context) error {
		_, err := f.Get(ctx, f.id, up.ID)
		switch kind := fault.KindOf(err); {
		case err == nil:
			t.Error("a deleted upload is given")
		case kind == fault.NotFound:
			return nil
		case kind != fault.Unavailable || fault.As(err).RetryAfter == 0:
			t.Errorf("err = %v, want NotFound, or Unavailable and when to come back", err)
		}
		return err
	})
}
