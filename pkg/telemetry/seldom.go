package telemetry

import (
	"maps"
	"sync"
	"time"
)

// Seldom says what deserves a line: a text that is another one than the last,
// and the same again only when some time has passed.
type Seldom struct {
	Every time.Duration // 0: the same is never said again

	mu   sync.Mutex
	last string
	at   time.Time
}

// Worth reports whether text is worth a line now.
func (s *Seldom) Worth(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if text == s.last && !s.at.IsZero() && (s.Every == 0 || now.Sub(s.at) < s.Every) {
		return false
	}
	s.last, s.at = text, now
	return true
}

// SeldomOf is Seldom for many subjects at once: what is said of one does not
// count for another.
type SeldomOf struct {
	Every time.Duration

	mu   sync.Mutex
	said map[string]time.Time
}

// Worth reports whether subject is worth a line now.
func (s *SeldomOf) Worth(subject string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(s.said, func(_ string, at time.Time) bool { return now.Sub(at) >= s.Every })
	if _, recent := s.said[subject]; recent {
		return false
	}
	if s.said == nil {
		s.said = map[string]time.Time{}
	}
	s.said[subject] = now
	return true
}
