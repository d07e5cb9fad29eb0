package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// The colours of a terminal, by the weight of a record.
const (
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
	reset  = "\x1b[0m"
)

// pretty writes "15:04:05.000 INFO  message  key=value …". slog's own text
// handler repeats time= level= msg= on every line, which hides the message.
type pretty struct {
	w      io.Writer
	level  slog.Level
	colour bool
	mu     *sync.Mutex // one line at a time, also among derived loggers
	prefix string      // of keys, "group."
	attrs  string      // already written
}

// Enabled lets records of at least the level pass.
func (p *pretty) Enabled(_ context.Context, l slog.Level) bool { return l >= p.level }

// Handle writes one line.
func (p *pretty) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	if !r.Time.IsZero() {
		b.WriteString(p.paint(dim, r.Time.Format("15:04:05.000")))
		b.WriteByte(' ')
	}
	name := r.Level.String()
	b.WriteString(p.paint(hue(r.Level), name))
	b.WriteString(strings.Repeat(" ", max(1, 6-len(name))))
	b.WriteString(clean(r.Message))
	b.WriteString(p.attrs)
	r.Attrs(func(a slog.Attr) bool {
		p.attr(&b, p.prefix, a)
		return true
	})
	b.WriteByte('\n')
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := io.WriteString(p.w, b.String())
	return err
}

// WithAttrs returns a handler whose lines carry the attributes too.
func (p *pretty) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, a := range attrs {
		p.attr(&b, p.prefix, a)
	}
	q := *p
	q.attrs += b.String()
	return &q
}

// WithGroup returns a handler whose keys start with the group's name.
func (p *pretty) WithGroup(name string) slog.Handler {
	if name == "" {
		return p
	}
	q := *p
	q.prefix += name + "."
	return &q
}

func (p *pretty) attr(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, m := range v.Group() {
			p.attr(b, prefix, m)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	b.WriteByte(' ')
	b.WriteString(p.paint(dim, clean(prefix+a.Key)+"="))
	b.WriteString(quote(text(v)))
}

func text(v slog.Value) string {
	switch v.Kind() {
	case slog.KindDuration:
		return v.Duration().Round(time.Microsecond).String()
	case slog.KindTime:
		return v.Time().Format(time.RFC3339)
	default:
		return v.String()
	}
}

// quote keeps values on one line and apart from each other.
func quote(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// clean keeps control characters off the terminal.
func clean(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return string(slices.DeleteFunc([]rune(s), unicode.IsControl))
}

func (p *pretty) paint(colour, s string) string {
	if !p.colour || colour == "" {
		return s
	}
	return colour + s + reset
}

func hue(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return red
	case l >= slog.LevelWarn:
		return yellow
	case l >= slog.LevelInfo:
		return cyan
	default:
		return dim
	}
}
