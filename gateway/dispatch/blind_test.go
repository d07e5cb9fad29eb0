package dispatch

import (
	"context"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// An operator may have switched a provider off on another gateway. While the
// leader cannot know, it starts no call.
func TestNothingIsPaidByAnOldPolicy(t *testing.T) {
	t.Parallel()
	asked, sees := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(w *world) {
		w.routes.Providers = append(w.routes.Providers, provider("b"))
		w.crowd = newCrowd(worker("w1", "", 4, "a", "b"))
		w.fresh = func(ctx context.Context) error {
			select {
			case <-sees:
				return nil
			case asked <- struct{}{}:
			case <-ctx.Done():
			}
			return fault.New(fault.EngineUnavailable)
		}
	})
	d := w.start()
	w.accept()
	for end := time.Now().Add(patience); d.Status().Waiting == 0; {
		within(t, asked, "the leader asks for the newest policy")
		if time.Now().After(end) {
			t.Fatal("the task does not wait")
		}
	}
	for range 3 {
		within(t, asked, "the leader asks again")
	}
	w.quiet()
	w.policy.Store(&policy.State{Providers: map[string]policy.Provider{"a": {Disabled: true}}})
	close(sees)
	if c := w.next(); c.req.Provider != "b" {
		t.Errorf("the call is to %s, which is off", c.req.Provider)
	} else {
		c.outcome(picture())
	}
}
