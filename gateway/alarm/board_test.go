package alarm_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
)

func TestAnAlarmStandsUntilItIsCleared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told bytes.Buffer
		b := alarm.New(slog.New(slog.NewTextHandler(&told, nil)))
		began := time.Now()
		b.Raise("disk_low", "b", alarm.Warning, "10 GiB left")
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		b.Raise("disk_low", "b", alarm.Warning, "9 GiB left")
		b.Raise("disk_low", "a", alarm.Critical, "nothing left")
		want := []alarm.Alarm{
			{Name: "disk_low", Subject: "a", Severity: alarm.Critical, Message: "nothing left", Since: began.Add(time.Minute)},
			{Name: "disk_low", Subject: "b", Severity: alarm.Warning, Message: "9 GiB left", Since: began},
		}
		if got := b.Standing(); !slices.Equal(got, want) {
			t.Errorf("%+v stand, want %+v", got, want)
		}
		b.Clear("disk_low", "b")
		b.Clear("disk_low", "b")
		if got := b.Standing(); !slices.Equal(got, want[:1]) {
			t.Errorf("%+v stand, want %+v", got, want[:1])
		}
		for line, n := range map[string]int{"alarm raised": 2, "alarm cleared": 1, "stood_for=1m0s": 1} {
			if got := strings.Count(told.String(), line); got != n {
				t.Errorf("%q was logged %d times, want %d:\n%s", line, got, n, told.String())
			}
		}
	})
}

func TestAnAlarmThatGrowsWorseIsLoggedAgain(t *testing.T) {
	t.Parallel()
	var told bytes.Buffer
	b := alarm.New(slog.New(slog.NewTextHandler(&told, nil)))
	for _, s := range []alarm.Severity{alarm.Warning, alarm.Critical, alarm.Critical} {
		b.Raise("disk_low", "", s, "little left")
	}
	if n := strings.Count(told.String(), "alarm raised"); n != 2 {
		t.Errorf("logged %d times:\n%s", n, told.String())
	}
	b.Clear("disk_low", "")
	b.Raise("disk_low", "", alarm.Critical, "again")
	if n := strings.Count(told.String(), "alarm raised"); n != 3 {
		t.Errorf("not logged when it came again:\n%s", told.String())
	}
}
