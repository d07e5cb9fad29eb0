package session

import (
	"context"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/keys"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// An engine was away, and a person was forgotten on another gateway as soon as
// it was back. Until this one has heard of it, it must ask, or let nobody in.
func TestABlindGatewayLetsNoErasedSessionIn(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	ring, err := keys.Open(t.Context(), p.Joined)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{engine: p.Joined, ring: ring, clock: newClock()}
	f.Sessions = f.gateway(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	enginetest.Await(t, "it is sighted", f.erased.Sighted)
	c := f.create(t)
	ticket := f.Ticket(c.ID, "x", f.clock.Now().Add(time.Hour))
	p.Elsewhere(t, func(ctx context.Context, e *engine.Engine) error {
		return (&fixture{engine: e, ring: ring, clock: f.clock}).gateway(t, nil).MarkErased(ctx, c.ID)
	}, func(ctx context.Context) error {
		_, verified := f.Verify(ctx, c.Token)
		_, passed := f.VerifyTicket(ctx, ticket, "x")
		_, renewed := f.Create(ctx, CreateRequest{Bearer: c.Token})
		for what, err := range map[string]error{"the token": verified, "its ticket": passed, "a renewal": renewed} {
			refused := fault.CodeOf(err) == fault.SessionErased
			if !refused && (fault.KindOf(err) != fault.Unavailable || fault.As(err).RetryAfter == 0) {
				t.Errorf("%s: err = %v, want session_erased, or Unavailable and when to come back", what, err)
			}
			if !refused {
				return err
			}
		}
		return nil
	})
}
