package session

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const erasedMargin = 24 * time.Hour

// MarkErased makes every token and ticket of the session invalid: on this
// gateway when it returns, on the others when the mark reaches them. It may be
// called again.
func (s *Sessions) MarkErased(ctx context.Context, id ID) error {
	ttl := s.config.TTL + s.config.RenewWithin + erasedMargin
	if err := s.erased.Put(ctx, string(id), []byte("1"), engine.AnyRevision, ttl); err != nil {
		return fmt.Errorf("mark session erased: %w", err)
	}
	return nil
}

// Erased reports whether a session was erased: from memory, or from the engine
// while erasures on other gateways may have been missed.
func (s *Sessions) Erased(ctx context.Context, id ID) (bool, error) {
	_, erased, err := s.erased.Lookup(ctx, string(id))
	if err != nil {
		return false, fmt.Errorf("look up erasure: %w", err)
	}
	return erased, nil
}

// checkErased refuses an erased session.
func (s *Sessions) checkErased(ctx context.Context, id ID) error {
	erased, err := s.Erased(ctx, id)
	if err == nil && erased {
		return fault.New(fault.SessionErased)
	}
	return err
}

// Run learns which sessions other gateways erase, until ctx ends. A mark
// expires after every token of its session has.
func (s *Sessions) Run(ctx context.Context) error { return s.erased.Run(ctx) }
