package objective

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// keeping is the keeper of a gateway that runs until it is stopped.
type keeping struct {
	*Keeper
	alarms *alarm.Board
	stop   func()
}

func keep(t *testing.T, e *engine.Engine, id string) keeping {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	board := alarm.New(log)
	k, err := Open(t.Context(), Defaults(), Deps{ID: id, Engine: e, Tally: NewTally(Defaults(), nil), Alarms: board, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = k.Run(ctx) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return keeping{k, board, stop}
}

func started(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// eventually looks until all gateways have told.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestWhatAllGatewaysCountIsAddedUp(t *testing.T) {
	t.Parallel()
	e := started(t)
	one, two := keep(t, e, "one"), keep(t, e, "two")
	for range 3 {
		one.deps.Tally.Ended(ended(task.Succeeded, time.Second))
		two.deps.Tally.Ended(ended(task.Succeeded, 2*time.Second))
	}
	one.deps.Tally.Answered(500)
	if of := one.Objectives()[0].Of; of < 3 {
		t.Errorf("a gateway does not know its own: %d", of)
	}
	one.stop() // it tells the last of it
	three := keep(t, e, "three")
	for _, k := range []keeping{two, three} {
		eventually(t, "all is known", func() bool {
			o := k.Objectives()
			return o[0].Of == 6 && o[1].Measured != nil && *o[1].Measured == 2 && o[2].Of == 1
		})
	}
}

func TestAnObjectiveThatIsMissedIsAnAlarmUntilItIsMet(t *testing.T) {
	t.Parallel()
	e := started(t)
	one, two := keep(t, e, "one"), keep(t, e, "two")
	for range 20 {
		one.deps.Tally.Ended(ended(task.Succeeded, 9*time.Second))
	}
	stands := func(k keeping) (out []string) {
		for _, a := range k.alarms.Standing() {
			out = append(out, string(a.Name)+" "+a.Subject)
		}
		return out
	}
	for _, k := range []keeping{one, two} {
		eventually(t, "the alarm stands", func() bool { return slices.Equal(stands(k), []string{"objective_missed p95"}) })
	}
	for range 400 {
		two.deps.Tally.Ended(ended(task.Succeeded, time.Second))
	}
	for _, k := range []keeping{one, two} {
		eventually(t, "the alarm is over", func() bool { return len(stands(k)) == 0 })
	}
}
