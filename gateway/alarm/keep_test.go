package alarm_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
)

func TestAnAlarmThatStandsThroughARestartKeepsItsSince(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "alarms.json")
	synctest.Test(t, func(t *testing.T) {
		life := func(do func(b *alarm.Board)) {
			b := alarm.New(slog.New(slog.DiscardHandler))
			b.Keep(path)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { _ = b.Run(ctx) })
			do(b)
			pass(2 * time.Second)
			cancel()
			running.Wait()
		}
		began := time.Now()
		life(func(b *alarm.Board) {
			b.Raise("disk_low", "", alarm.Warning, "little")
			b.Raise("region_lost", "east", alarm.Warning, "no worker")
		})
		life(func(*alarm.Board) {}) // one that ends before it knows
		life(func(b *alarm.Board) {
			pass(5 * time.Second)
			b.Raise("disk_low", "", alarm.Critical, "less")
			if got := b.Standing()[0].Since; !got.Equal(began) {
				t.Errorf("stands since %v, began at %v", got, began)
			}
			if got := b.Before(); len(got) != 2 {
				t.Errorf("before: %+v", got)
			}
			pass(2 * time.Minute)
			b.Raise("region_lost", "east", alarm.Warning, "no worker")
			if got := b.Standing()[1].Since; got.Equal(began) {
				t.Error("one that came again much later is said to have stood")
			}
			b.Clear("disk_low", "")
		})
		life(func(b *alarm.Board) {
			b.Raise("disk_low", "", alarm.Warning, "little")
			if got := b.Standing()[0].Since; got.Equal(began) {
				t.Error("one that was over is said to have stood")
			}
		})
	})
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".alarms-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAFileThatCannotBeReadIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "alarms.json")
	if err := os.WriteFile(path, []byte(`[{"name":`), 0o600); err != nil {
		t.Fatal(err)
	}
	b := alarm.New(slog.New(slog.DiscardHandler))
	b.Keep(path)
	if got := b.Before(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNotFoundAgainIsOver(t *testing.T) {
	t.Parallel()
	b := alarm.New(slog.New(slog.DiscardHandler))
	b.Raise("disk_low", "", alarm.Warning, "little")
	b.Stand("region_lost", []alarm.Alarm{{Subject: "a", Severity: alarm.Warning}, {Subject: "b", Severity: alarm.Warning}})
	b.Stand("region_lost", []alarm.Alarm{{Subject: "b", Severity: alarm.Warning}})
	got := b.Standing()
	if len(got) != 2 || got[1].Subject != "b" || !b.Stands("disk_low") || b.Stands("nothing") {
		t.Errorf("%+v", got)
	}
}

// pass lets time go by, as synctest does.
func pass(d time.Duration) { <-time.After(d) }
