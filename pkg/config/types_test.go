package config

import (
	"reflect"
	"testing"
	"time"
)

func reflectOf(p any) reflect.Value { return reflect.ValueOf(p).Elem() }

func TestSizesAreReadAndWrittenBack(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Bytes{
		"0": 0, "17": 17, "17B": 17, "1KiB": 1024, "1 kb": 1000, "64MiB": 64 << 20, "2GB": 2e9, "1GiB": 1 << 30, " 3 TiB ": 3 << 40, "1TB": 1e12,
	} {
		got, err := ParseBytes(text)
		if err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v; want %d", text, got, err, want)
		}
		if back, err := ParseBytes(got.String()); err != nil || back != got {
			t.Errorf("%q is written as %q, which reads %d, %v", text, got, back, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5MiB", "MiB", "1PiB", "9999999999TiB", "1 2", "0x10"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("ParseBytes(%q) = %d, want a fault", text, got)
		}
	}
}

func TestSyncIsAlwaysOrAnInterval(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Sync{"always": {Always: true}, "1s": {Interval: time.Second}, "2m0s": {Interval: 2 * time.Minute}} {
		var got Sync
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%q gives %+v, %v, written %q", text, got, err, got)
		}
	}
	for _, text := range []string{"", "never", "0s", "-1s", "Always"} {
		if err := new(Sync).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzSizesRoundTrip(f *testing.F) {
	f.Add("64MiB")
	f.Add("9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseBytes(text)
		if err != nil {
			return
		}
		if back, err := ParseBytes(n.String()); n < 0 || err != nil || back != n {
			t.Errorf("%q is %d, written %q, read %d, %v", text, int64(n), n, back, err)
		}
	})
}
