package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// mask is what everybody sees of a secret.
const mask = "***"

// hidden is text that nothing prints. It lies behind a pointer because fmt
// looks into fields that are not exported and finds an address there.
type hidden struct{ text *string }

func hide(text string) hidden {
	if text == "" {
		return hidden{}
	}
	return hidden{&text}
}

func (h hidden) show() string {
	if h.text == nil {
		return ""
	}
	return *h.text
}

// Empty reports whether nothing is given.
func (h hidden) Empty() bool { return h.text == nil }

// String is ***, or "" when nothing is given.
func (h hidden) String() string {
	if h.Empty() {
		return ""
	}
	return mask
}

// GoString is String.
func (h hidden) GoString() string { return h.String() }

// Format is String for every verb.
func (h hidden) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, h.String()) }

// MarshalText is String, for JSON and YAML.
func (h hidden) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// LogValue is String.
func (h hidden) LogValue() slog.Value { return slog.StringValue(h.String()) }
