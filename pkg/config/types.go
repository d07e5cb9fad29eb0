package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bytes is a size. It reads "64MiB", "10 MB", "512KiB" or a plain number of
// bytes.
type Bytes int64

// The binary units, for defaults in code.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
	TiB Bytes = 1 << 40
)

// byteUnits are tried in this order: the longer suffix first.
func byteUnits() []struct {
	suffix string
	size   Bytes
} {
	return []struct {
		suffix string
		size   Bytes
	}{
		{"kib", KiB}, {"mib", MiB}, {"gib", GiB}, {"tib", TiB},
		{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1},
	}
}

// ParseBytes reads a size.
func ParseBytes(s string) (Bytes, error) {
	number, unit := strings.ToLower(strings.TrimSpace(s)), Bytes(1)
	for _, u := range byteUnits() {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("must be a size such as 64MiB")
	}
	if n > math.MaxInt64/int64(unit) {
		return 0, errors.New("is more than can be counted")
	}
	return Bytes(n) * unit, nil
}

// UnmarshalText reads a size.
func (b *Bytes) UnmarshalText(text []byte) error {
	n, err := ParseBytes(string(text))
	if err == nil {
		*b = n
	}
	return err
}

// MarshalText writes the form that String gives.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// String uses the largest binary unit that divides the size.
func (b Bytes) String() string {
	for i, suffix := range []string{"TiB", "GiB", "MiB", "KiB"} {
		unit := TiB >> (10 * i)
		if b != 0 && b%unit == 0 {
			return fmt.Sprintf("%d%s", int64(b/unit), suffix)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Sync says when the engine forces its writes to disk: before every
// acknowledgement ("always"), or once in an interval ("1s"), which is what a
// power cut may then lose.
type Sync struct {
	Always   bool
	Interval time.Duration
}

// UnmarshalText reads "always" or a duration.
func (s *Sync) UnmarshalText(text []byte) error {
	if string(text) == "always" {
		*s = Sync{Always: true}
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return errors.New(`must be "always" or a positive duration such as 1s`)
	}
	*s = Sync{Interval: d}
	return nil
}

// MarshalText writes the form that String gives.
func (s Sync) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is "always" or the interval.
func (s Sync) String() string {
	if s.Always {
		return "always"
	}
	return s.Interval.String()
}

// Ignored is the type of a key that belongs to another program: any value is
// accepted and dropped. The gateway uses it for vendor keys, so that it never
// holds one.
type Ignored struct{}
