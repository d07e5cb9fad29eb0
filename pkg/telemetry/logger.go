package telemetry

import (
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// The formats of NewLogger.
const (
	FormatAuto   = "auto"   // pretty on a terminal, else JSON
	FormatJSON   = "json"   // one object a line, for collectors
	FormatPretty = "pretty" // one readable line, for people
)

// LogConfig says what is logged, and how it looks.
type LogConfig struct {
	// The least that is logged.
	Level string `config:"level" range:"debug|info|warn|error" example:"debug"`
	// How it looks: json is one object a line, for collectors; pretty is for people; auto is pretty on a terminal.
	Format string `config:"format" range:"auto|json|pretty" example:"json"`
}

// LogDefaults suit terminals and collectors alike.
func LogDefaults() LogConfig { return LogConfig{Level: "info", Format: FormatAuto} }

// Validate says everything that is wrong.
func (c LogConfig) Validate() error {
	var faults check.Faults
	var level slog.Level
	known := level.UnmarshalText([]byte(c.Level)) == nil && !strings.ContainsAny(c.Level, "+-")
	faults.If(!known, "log.level: must be debug, info, warn or error, is %q", c.Level)
	faults.If(!slices.Contains([]string{FormatAuto, FormatJSON, FormatPretty}, c.Format), "log.format: must be auto, json or pretty, is %q", c.Format)
	return faults.Err()
}

// Logger makes the logger of a program.
func (c LogConfig) Logger(w io.Writer, program string) *slog.Logger {
	return NewLogger(w, c.Level, c.Format).With("program", program)
}

// NewLogger writes records of at least level ("debug", "info", "warn",
// "error"; anything else is "info") to w. It never fails: a program that
// cannot log should still say why it stops. A warning in the same words is
// written once in ten seconds at most.
func NewLogger(w io.Writer, level, format string) *slog.Logger {
	least := ParseLevel(level)
	if format == FormatPretty || format != FormatJSON && isTerminal(w) {
		return slog.New(newRepeats(coded{&pretty{w: w, level: least, colour: isTerminal(w), mu: new(sync.Mutex)}}))
	}
	return slog.New(newRepeats(coded{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least, ReplaceAttr: shorten})}))
}

// ParseLevel reads a level by name and takes what it does not know for Info.
func ParseLevel(name string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(strings.TrimSpace(name))); err != nil {
		return slog.LevelInfo
	}
	return l
}

// shorten writes durations as people read them; JSON would give nanoseconds.
func shorten(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}

// isTerminal reports whether w is a terminal. It takes any character device for
// one: the only other common device is /dev/null, where it does not matter.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
