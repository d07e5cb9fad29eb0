package command

import (
	"testing"
	"time"
)

func TestLimitsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"0": 0, "off": 0, "30": 30, "64MiB": 64 << 20, "64 MiB": 64 << 20, "1g": 1 << 30, "100MP": 100_000_000, "100,000": 100_000, "512B": 512,
	} {
		if got, err := parseLimit(in); err != nil || got != want {
			t.Errorf("%q = %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-1", "many", "1XB", "1.5", "99999999999999999999", "9223372036854775807GiB", "on"} {
		if got, err := parseLimit(in); err == nil {
			t.Errorf("%q = %d, want a refusal", in, got)
		}
	}
}

func TestLimitsAreShownAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		key  string
		v    int64
		want string
	}{
		{"sessionDaily", 0, "off"}, {"sessionDaily", 20, "20"}, {"maxUploadBytes", 64 << 20, "64 MiB"}, {"maxUploadBytes", 1500, "1.5 KiB"},
		{"maxPixels", 100_000_000, "100 MP"}, {"maxPixels", 7, "7"}, {"taskFen", 200, "200 fen"},
	} {
		if got := limitText(tc.key, tc.v); got != tc.want {
			t.Errorf("%s %d = %q, want %q", tc.key, tc.v, got, tc.want)
		}
	}
}

func TestAgesAreShort(t *testing.T) {
	t.Parallel()
	for in, want := range map[time.Duration]string{
		-time.Second: "0.0s", 1500 * time.Millisecond: "1.5s", 42 * time.Second: "42s", 90 * time.Second: "1m30s",
		25 * time.Hour: "25h00m", 72 * time.Hour: "3d",
	} {
		if got := age(in); got != want {
			t.Errorf("%v = %q, want %q", in, got, want)
		}
	}
}

func FuzzParseLimit(f *testing.F) {
	f.Add("64MiB")
	f.Add("off")
	f.Fuzz(func(t *testing.T, in string) {
		if v, err := parseLimit(in); err == nil && v < 0 {
			t.Errorf("%q = %d", in, v)
		}
	})
}
