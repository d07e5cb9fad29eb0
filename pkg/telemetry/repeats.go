package telemetry

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"
)

// repeatAgain is how often a program says the same warning at most.
const repeatAgain = 10 * time.Second

// repeats leaves out a warning or an error that was said in the very same words
// a moment ago: what is done again every second fails every second while a part
// is away. The next one that is said tells how many were left out.
type repeats struct {
	slog.Handler

	told  *told
	scope string // what With has added
}

func newRepeats(h slog.Handler) slog.Handler { return &repeats{Handler: h, told: &told{}} }

// Handle implements slog.Handler.
func (h *repeats) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return h.Handler.Handle(ctx, r)
	}
	leftOut, now := h.told.turn(h.words(r), r.Time)
	if !now {
		return nil
	}
	if leftOut > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("like_it", leftOut))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *repeats) WithAttrs(attrs []slog.Attr) slog.Handler {
	scope := h.scope
	for _, a := range attrs {
		scope += "\x00" + a.String()
	}
	return &repeats{Handler: h.Handler.WithAttrs(attrs), told: h.told, scope: scope}
}

// WithGroup implements slog.Handler.
func (h *repeats) WithGroup(name string) slog.Handler {
	return &repeats{Handler: h.Handler.WithGroup(name), told: h.told, scope: h.scope + "\x00" + name}
}

// words are what a record says.
func (h *repeats) words(r slog.Record) string {
	var b strings.Builder
	b.WriteString(r.Message + h.scope)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString("\x00" + a.String())
		return true
	})
	return b.String()
}

// told is what was said lately.
type told struct {
	mu   sync.Mutex
	said map[string]*saying
}

type saying struct {
	at      time.Time
	leftOut int
}

// turn reports whether these words are written now, and how often they were
// not since they were last.
func (t *told) turn(words string, now time.Time) (leftOut int, worth bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.said[words]; s != nil && now.Sub(s.at) < repeatAgain {
		s.leftOut++
		return 0, false
	} else if s != nil {
		leftOut = s.leftOut
	}
	maps.DeleteFunc(t.said, func(_ string, s *saying) bool { return now.Sub(s.at) >= 2*repeatAgain })
	if t.said == nil {
		t.said = make(map[string]*saying)
	}
	t.said[words] = &saying{at: now}
	return leftOut, true
}
