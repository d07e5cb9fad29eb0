package operator_test

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestTheTimeOfATaskIsDivided(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_700_000_000, 0)
	at := func(s float64) time.Time { return began.Add(time.Duration(s * float64(time.Second))) }
	ended := func(from, to, vendor float64, o task.Outcome) task.Attempt {
		end := at(to)
		return task.Attempt{StartedAt: at(from), EndedAt: &end, VendorMS: int64(vendor * 1000), Outcome: o}
	}
	end := at(20)
	for name, c := range map[string]struct {
		attempts []task.Attempt
		finished bool
		want     operator.Timing
	}{
		"waits":                     {nil, false, operator.Timing{WaitSeconds: 20}},
		"canceled before any":       {nil, true, operator.Timing{WaitSeconds: 20}},
		"one":                       {[]task.Attempt{ended(2, 20, 15, task.OK)}, true, operator.Timing{WaitSeconds: 2, VendorSeconds: 15, OursSeconds: 3}},
		"one that nobody took":      {[]task.Attempt{ended(2, 3, 0, task.NotSent), ended(5, 20, 14, task.OK)}, true, operator.Timing{WaitSeconds: 4, VendorSeconds: 14, OursSeconds: 2}},
		"a hedge beside it":         {[]task.Attempt{ended(0, 20, 19, task.OK), ended(10, 20, 9, task.Unknown)}, true, operator.Timing{VendorSeconds: 19, OursSeconds: 1}},
		"lost":                      {[]task.Attempt{ended(1, 20, 0, task.Unknown)}, true, operator.Timing{WaitSeconds: 1, VendorSeconds: 19}},
		"one in flight":             {[]task.Attempt{{StartedAt: at(5)}}, false, operator.Timing{WaitSeconds: 5, VendorSeconds: 15}},
		"a vendor's time too long":  {[]task.Attempt{ended(5, 10, 99, task.OK)}, true, operator.Timing{WaitSeconds: 15, VendorSeconds: 5}},
		"a loser ends after it all": {[]task.Attempt{ended(0, 20, 20, task.OK), ended(10, 40, 30, task.Unknown)}, true, operator.Timing{VendorSeconds: 20}},
	} {
		r := &task.Record{CreatedAt: began, State: task.Running, Attempts: c.attempts}
		if c.finished {
			r.State, r.FinishedAt = task.Succeeded, &end
		}
		if got := operator.TimingOf(r, end); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
