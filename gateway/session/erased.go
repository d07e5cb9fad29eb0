package session

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
)

const (
	watchRetry   = time.Second
	erasedMargin = 24 * time.Hour
)

// MarkErased refuses every token and ticket of the session from now on: here
// when it returns, on other gateways as soon as they hear of it. It may be
// called again.
func (s *Sessions) MarkErased(ctx context.Context, id ID) error {
	ttl := s.config.TTL + s.config.RenewWithin + erasedMargin
	if _, err := s.erased.Put(ctx, string(id), []byte("1"), engine.AnyRevision, ttl); err != nil {
		return fmt.Errorf("mark session erased: %w", err)
	}
	s.setErased(id, true)
	return nil
}

// Erased reports whether a session was erased, from memory.
func (s *Sessions) Erased(id ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, erased := s.mirror[id]
	return erased
}

func (s *Sessions) setErased(id ID, erased bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if erased {
		s.mirror[id] = struct{}{}
	} else {
		delete(s.mirror, id)
	}
}

// Run hears of sessions that other gateways erase until ctx ends. A mark
// whose time is over is forgotten: no token is good for that long.
func (s *Sessions) Run(ctx context.Context) error {
	for {
		err := s.erased.Watch(ctx, ">", func(e engine.Entry) {
			if e.Key != "" {
				s.setErased(ID(e.Key), !e.Deleted)
			}
		})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.log.Warn("lost sight of erased sessions", "err", err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(watchRetry):
		}
	}
}
