package intake

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// An engine was away, and a picture became an answer on another gateway as
// soon as it was back. Who says "surely not there" then has it drawn, and paid
// for, a second time.
func TestABlindCacheNeverDeniesAnAnswer(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	c, err := openCache(t.Context(), p.Joined, time.Hour, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.mirror.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	eventually(t, "the mirror is whole", c.mirror.Sighted)
	s, want := session.ID(task.NewID()), task.ID(task.NewID())
	p.Elsewhere(t, func(ctx context.Context, e *engine.Engine) error {
		b, err := e.Bucket(ctx, engine.BucketConfig{Name: "cache", MaxAge: time.Hour})
		if err != nil {
			return err
		}
		value, _ := json.Marshal(cached{Task: want})
		_, err = b.Put(ctx, string(s)+".key", value, engine.AnyRevision, time.Hour)
		return err
	}, func(ctx context.Context) error {
		got, found, err := c.get(ctx, s, "key")
		switch {
		case err == nil && (!found || got != want):
			t.Errorf("found %v, %s, although it is there", found, got)
		case err != nil && (fault.KindOf(err) != fault.Unavailable || fault.As(err).RetryAfter == 0):
			t.Errorf("err = %v, want Unavailable and when to come back", err)
		}
		return err
	})
	if !c.mirror.Sighted() {
		t.Error("the cache does not see again")
	}
}
