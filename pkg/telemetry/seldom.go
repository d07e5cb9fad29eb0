package telemetry

import (
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
