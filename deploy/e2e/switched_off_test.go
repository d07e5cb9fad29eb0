package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// TestAProviderIsOffWithinASecondAndNothingIsLost is criterion 4 of the money
// issue: what is under way ends where it is, and nothing new begins there.
func TestAProviderIsOffWithinASecondAndNothingIsLost(t *testing.T) {
	t.Parallel()
	roomy := map[string]any{"worker": map[string]any{"capacity": 64}}
	d := start(t, t.TempDir(), "--gateways", "2", "--config", config(t, "picture=copy", roomy),
		"--simulate", "seedream?median=900ms&p95=1200ms&side=320,qianfan?median=20ms&side=320&weight=0")
	c := newCrowd(t, d, 24) // somebody begins every few dozen milliseconds
	reached := func(vendor string, pictures int) {
		t.Helper()
		if err := within(taskPatience, func() error {
			if n := d.books(t)[vendor].Billed; n < pictures {
				return fmt.Errorf("%s has made %d pictures", vendor, n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	reached("seedream", 48)
	d.must(t, "provider", "disable", "seedream", "--yes", "--reason", "a test")
	off := list[operator.Change](t, d.must(t, "history", "ls", "-o", "json"))[0].At
	reached("qianfan", 24)
	ended := c.leave()
	allSucceeded(t, ended)
	under, last, first := 0, -time.Hour, time.Hour
	for _, doc := range ended {
		attempts := d.attempts(t, doc.TaskID)
		if len(attempts) != 1 || attempts[0].Outcome != task.OK {
			t.Errorf("task %s: attempts = %+v, want the one that made it", doc.TaskID, attempts)
			continue
		}
		a := attempts[0]
		if a.Provider != "seedream" {
			first = min(first, a.StartedAt.Sub(off))
			continue
		}
		last = max(last, a.StartedAt.Sub(off))
		if a.StartedAt.Before(off) && a.EndedAt.After(off) {
			under++
		}
	}
	if under == 0 {
		t.Error("nothing was under way when seedream was switched off")
	}
	if last > liveWithin || first > liveWithin {
		t.Errorf("the last attempt at seedream began %v after it was switched off, the first elsewhere %v after", last, first)
	}
	t.Logf("of %d tasks %d were under way at seedream; its last attempt began %v after it was switched off, the first elsewhere %v after", len(ended), under, last, first)
}
