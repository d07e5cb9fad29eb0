package experiment

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func call(provider string, o task.Outcome, c task.Class, fen int64) task.Attempt {
	return task.Attempt{Provider: provider, Outcome: o, Class: c, PriceFen: fen}
}

func record(s task.State, attempts ...task.Attempt) *task.Record {
	began := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	ended := began.Add(8 * time.Second)
	r := &task.Record{State: s, StartedAt: &began, FinishedAt: &ended, Attempts: attempts}
	for i := range r.Attempts {
		at := began.Add(time.Duration(i+1) * time.Second)
		r.Attempts[i].Number, r.Attempts[i].EndedAt = i+1, &at
	}
	return r
}

func TestATaskIsMeasuredByWhatItsArmWasMeantToDo(t *testing.T) {
	t.Parallel()
	degraded := record(task.Succeeded, call("a", task.FailedUnbilled, task.ClassTransient, 0), call("mock", task.OK, "", 0))
	degraded.Degraded = true
	deleted := record(task.Succeeded, call("a", task.OK, "", 20)).Tombstone()
	late := record(task.Succeeded, call("b", task.OK, "", 14), call("a", task.OK, "", 20))
	for name, c := range map[string]struct {
		r                            *task.Record
		tasks, ok, fen               int64
		degraded, canceled, notAsked int64
	}{
		"its picture":                    {r: record(task.Succeeded, call("a", task.OK, "", 20)), tasks: 1, ok: 1, fen: 20},
		"its picture after a retry":      {r: record(task.Succeeded, call("a", task.FailedUnbilled, task.ClassTransient, 0), call("a", task.OK, "", 20)), tasks: 1, ok: 1, fen: 20},
		"its picture, a hedge lost":      {r: record(task.Succeeded, call("a", task.OK, "", 20), call("b", task.OK, "", 14)), tasks: 1, ok: 1, fen: 34},
		"the picture of a fallback":      {r: record(task.Succeeded, call("a", task.FailedUnbilled, task.ClassTransient, 0), call("b", task.OK, "", 14)), tasks: 1, fen: 14},
		"the picture of a hedge":         {r: late, tasks: 1, fen: 34},
		"refused content":                {r: record(task.Failed, call("a", task.Rejected, task.ClassContent, 0)), tasks: 1},
		"its time was over":              {r: record(task.Expired, call("a", task.Unknown, task.ClassTimeout, 20)), tasks: 1, fen: 20},
		"no words fit the model":         {r: record(task.Succeeded, call("a", task.NotSent, task.ClassInput, 0), call("b", task.OK, "", 14)), tasks: 1, fen: 14},
		"its provider was off":           {r: record(task.Succeeded, call("b", task.OK, "", 14)), notAsked: 1},
		"no worker took it there":        {r: record(task.Succeeded, call("a", task.NotSent, task.ClassBusy, 0), call("b", task.OK, "", 14)), notAsked: 1},
		"its provider limited our rate":  {r: record(task.Succeeded, call("a", task.FailedUnbilled, task.ClassRate, 0), call("b", task.OK, "", 14)), notAsked: 1},
		"it expired before its turn":     {r: record(task.Expired), notAsked: 1},
		"the stand-in":                   {r: degraded, degraded: 1},
		"its owner ended it":             {r: record(task.Canceled, call("a", task.FailedUnbilled, task.ClassCanceled, 0)), canceled: 1},
		"its owner deleted it meanwhile": {r: deleted, canceled: 1},
	} {
		got := Measure(task.Arm{Provider: "a"}, c.r)
		if got.Tasks != c.tasks || got.OK != c.ok || got.CostFen != c.fen || got.Degraded != c.degraded || got.Canceled != c.canceled || got.Missed != c.notAsked {
			t.Errorf("%s: %+v", name, got)
		}
		if Made(task.Arm{Provider: "a"}, c.r) != (c.ok == 1) {
			t.Errorf("%s: opinions are counted where its picture is not, or the other way", name)
		}
	}
	if q := Measure(task.Arm{Provider: "a"}, record(task.Succeeded, call("a", task.OK, "", 20))).Quantile(0.5); q.Low > 8*time.Second || q.High < 8*time.Second {
		t.Errorf("it took %+v", q)
	}
}

func TestAPictureFromTheCacheIsNobodys(t *testing.T) {
	t.Parallel()
	r := record(task.Succeeded)
	r.Cached = true
	if Made(task.Arm{Provider: "a"}, r) {
		t.Error("opinions on it are counted")
	}
}
