package telemetry

import (
	"context"
	"log/slog"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// coded adds to a line about an error the code of the failure, where it has one
// and the line does not name it: people on call look for codes, which stay the
// same, and not for words.
type coded struct{ slog.Handler }

// Handle implements slog.Handler.
func (h coded) Handle(ctx context.Context, r slog.Record) error {
	var code fault.Code
	named := false
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "code" {
			named = true
		} else if err, ok := a.Value.Any().(error); ok && code == "" {
			code = fault.CodeOf(err)
		}
		return !named
	})
	if !named && code != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("code", string(code)))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h coded) WithAttrs(attrs []slog.Attr) slog.Handler { return coded{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h coded) WithGroup(name string) slog.Handler { return coded{h.Handler.WithGroup(name)} }
