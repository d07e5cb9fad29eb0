package limit_test

import (
	"reflect"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/limit"
)

func TestEveryLimitHasAName(t *testing.T) {
	t.Parallel()
	defaults := reflect.ValueOf(limit.Defaults())
	if defaults.NumField() != len(limit.All()) {
		t.Fatalf("%d fields, %d lines", defaults.NumField(), len(limit.All()))
	}
	for i, l := range limit.All() {
		if l.Key == "" || l.Unit == "" || l.Help == "" {
			t.Errorf("line %d lacks words: %+v", i, l)
		}
		if got, known := limit.Find(l.Key); !known || got != l {
			t.Errorf("Find(%q) = %+v, %v, want %+v", l.Key, got, known, l)
		}
		if got := l.Of(limit.Defaults()); got != defaults.Field(i).Int() || got != l.Default {
			t.Errorf("Of(%q) = %d, want %d", l.Key, got, defaults.Field(i).Int())
		}
		if got := limit.Defaults().With(map[string]int64{l.Key: int64(i)}); l.Of(got) != int64(i) {
			t.Errorf("With(%q) did not set it", l.Key)
		}
	}
	if err := (limit.Limits{TaskFen: -1}).Validate(); err == nil {
		t.Error("a negative limit is valid")
	}
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	want := limit.Limits{
		SessionDaily: 20, SessionActive: 3, SessionStreams: 8, SessionUploadBytes: 1 << 30, SessionPerMinute: 600,
		IPPerMinute: 120, IPDaily: 200, IPSessionsPerHour: 60, AddressConnections: 1000, QueueDepth: 100_000,
		MaxUploadBytes: 64 << 20, MaxPixels: 100_000_000, TaskFen: 200,
	}
	if got := limit.Defaults(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestUnknownOverridesAreIgnored(t *testing.T) {
	t.Parallel()
	if got := limit.Defaults().With(map[string]int64{"moons": 3}); got != limit.Defaults() {
		t.Errorf("%+v", got)
	}
	if _, known := limit.Find("moons"); known {
		t.Error("there is a limit moons")
	}
}

func TestFlagsAreTheKeysInKebabCase(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"sessionDaily": "session-daily", "ipPerMinute": "ip-per-minute", "maxUploadBytes": "max-upload-bytes", "taskFen": "task-fen",
	} {
		if l, _ := limit.Find(key); l.Flag() != want {
			t.Errorf("%s = %s, want %s", key, l.Flag(), want)
		}
	}
}
