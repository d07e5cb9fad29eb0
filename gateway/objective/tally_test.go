package objective

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// ended is the last revision of a task that took so long.
func ended(s task.State, took time.Duration, change ...func(*task.Record)) *task.Record {
	began := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	end := began.Add(took)
	r := &task.Record{State: s, CreatedAt: began, FinishedAt: &end}
	for _, c := range change {
		c(r)
	}
	return r
}

func failed(code fault.Code) func(*task.Record) {
	return func(r *task.Record) { r.Failure = task.Fail(code) }
}

func cached(r *task.Record)   { r.Cached = true }
func degraded(r *task.Record) { r.Degraded = true }

func families(t *testing.T, reg *prometheus.Registry) map[string]*dto.MetricFamily {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]*dto.MetricFamily)
	for _, f := range all {
		out[f.GetName()] = f
	}
	return out
}

func TestTasksAreCountedByStateAndWhy(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	tally := NewTally(Defaults(), reg)
	for _, r := range []*task.Record{
		ended(task.Succeeded, 6900*time.Millisecond), ended(task.Succeeded, 7100*time.Millisecond),
		ended(task.Succeeded, 0, cached), ended(task.Succeeded, time.Second, degraded),
		ended(task.Failed, time.Second, failed(fault.ContentRefused)), ended(task.Failed, 20*time.Second, failed(fault.GenerationFailed)),
		ended(task.Canceled, time.Second), ended(task.Expired, 10*time.Minute, failed(fault.TaskExpired)),
	} {
		tally.Ended(r)
	}
	tally.Deleted()
	got := make(map[string]float64)
	for _, m := range families(t, reg)["imgfleet_tasks_total"].GetMetric() {
		if n := m.GetCounter().GetValue(); n > 0 {
			got[m.GetLabel()[1].GetValue()+" "+m.GetLabel()[0].GetValue()] = n
		}
	}
	want := map[string]float64{
		"succeeded ": 2, "succeeded cached": 1, "succeeded degraded": 1, "failed content_refused": 1, "failed generation_failed": 1,
		"canceled ": 1, "expired task_expired": 1, "deleted ": 1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	for _, m := range families(t, reg)["imgfleet_task_seconds"].GetMetric() {
		if m.GetLabel()[0].GetValue() != "succeeded" {
			continue
		}
		for _, b := range m.GetHistogram().GetBucket() {
			if n := b.GetCumulativeCount(); b.GetUpperBound() == 7 && n != 2 || b.GetUpperBound() == 8 && n != 3 {
				t.Errorf("%d took up to %v s", n, b.GetUpperBound())
			}
		}
	}
	if problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(families(t, reg)))).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
}

func TestTheObjectiveIsAnEdgeAndAMetric(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	tally := NewTally(Config{Success: 0.9, P95: 17 * time.Second, Errors: 0.02}, reg)
	tally.Ended(ended(task.Succeeded, time.Second))
	all := families(t, reg)
	for name, want := range map[string]float64{"objective_seconds": 17, "objective_success_ratio": 0.9, "objective_errors_ratio": 0.02} {
		if got := all["imgfleet_"+name].GetMetric()[0].GetGauge().GetValue(); got != want {
			t.Errorf("%s is %v", name, got)
		}
	}
	var at []float64
	for _, b := range all["imgfleet_task_seconds"].GetMetric()[0].GetHistogram().GetBucket() {
		at = append(at, b.GetUpperBound())
	}
	for _, edge := range []float64{7, 8, 17} {
		if !slices.Contains(at, edge) {
			t.Errorf("no edge at %v: %v", edge, at)
		}
	}
}

func TestWhatPeopleGotIsMeasuredByThePromise(t *testing.T) {
	t.Parallel()
	tally := NewTally(Defaults(), nil)
	for range 19 {
		tally.Ended(ended(task.Succeeded, 3*time.Second))
	}
	tally.Ended(ended(task.Succeeded, 40*time.Second))
	for _, r := range []*task.Record{
		ended(task.Succeeded, 0, cached), ended(task.Succeeded, time.Hour, degraded), ended(task.Canceled, time.Hour),
		ended(task.Failed, time.Hour, failed(fault.ContentRefused)),
	} {
		tally.Ended(r) // apart
	}
	tally.Ended(ended(task.Failed, time.Second, failed(fault.GenerationFailed)))
	tally.Ended(ended(task.Expired, time.Hour))
	for _, status := range []int{200, 404, 429, 503} {
		tally.Answered(status)
	}
	var all Counts
	for _, c := range tally.window.look() {
		all.add(c)
	}
	got := Defaults().measured(all)
	want := []operator.Objective{
		{Name: "success", Objective: 0.995, Measured: new(20.0 / 22), Missed: true, Of: 22},
		{Name: "p95", Objective: 7, Measured: new(3.0), Of: 20},
		{Name: "errors", Objective: 0.005, Measured: new(0.25), Missed: true, Of: 4},
	}
	for i, w := range want {
		if g := got[i]; g.Name != w.Name || g.Objective != w.Objective || *g.Measured != *w.Measured || g.Missed != w.Missed || g.Of != w.Of {
			t.Errorf("%+v (measured %v), want %+v (%v)", g, *g.Measured, w, *w.Measured)
		}
	}
	for _, o := range Defaults().measured(Counts{}) {
		if o.Measured != nil || o.Missed {
			t.Errorf("nothing happened, and %+v", o)
		}
	}
}

func TestFewTasksTellNothingOfAnObjective(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config Config
		counts Counts
		want   []string
	}{
		"one of 199 failed":         {Defaults(), Counts{Good: 198, Bad: 1}, nil},
		"two of 200 failed":         {Defaults(), Counts{Good: 198, Bad: 2}, []string{"success"}},
		"one of 200 failed":         {Defaults(), Counts{Good: 199, Bad: 1}, nil},
		"19 were slow":              {Defaults(), Counts{Good: 19, Took: map[int64]int64{9000: 19}}, nil},
		"two of 20 were slow":       {Defaults(), Counts{Good: 20, Took: map[int64]int64{2000: 18, 9000: 2}}, []string{"p95"}},
		"slow, as the operator set": {Config{Success: 0.5, P95: 20 * time.Second, Errors: 1}, Counts{Good: 200, Took: map[int64]int64{9000: 200}, Answers: 900, Errors: 800}, nil},
		"nothing may fail":          {Config{Success: 1, P95: time.Minute}, Counts{Good: 1, Bad: 1, Answers: 1, Errors: 1}, []string{"success", "errors"}},
		"many answers failed":       {Defaults(), Counts{Answers: 1000, Errors: 6}, []string{"errors"}},
	} {
		var got []string
		for _, o := range c.config.measured(c.counts) {
			if telling(o) {
				got = append(got, o.Name)
				if words(o) == "" {
					t.Error("an alarm without words")
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTimesAreRoundedUpALittle(t *testing.T) {
	t.Parallel()
	numbers := make(map[int64]bool)
	for d := time.Duration(0); d < 10*time.Minute; d += 7 * time.Millisecond {
		ms := graded(d)
		numbers[ms] = true
		if at := time.Duration(ms) * time.Millisecond; at < d || at-d >= max(10*time.Millisecond, d/40) {
			t.Fatalf("%v counts as %v", d, at)
		}
	}
	if len(numbers) > 1200 {
		t.Errorf("%d numbers", len(numbers))
	}
	if graded(7*time.Second) != 7000 || graded(20*time.Second) != 20000 {
		t.Error("an objective is rounded")
	}
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	w := window{now: func() time.Time { return now }}
	w.bad()
	now = now.Add(Window - time.Minute)
	w.good(time.Second)
	if n := len(w.look()); n != 2 {
		t.Errorf("%d minutes within the window", n)
	}
	now = now.Add(time.Minute)
	if left := w.look(); len(left) != 1 || left[minuteOf(now)-1].Good != 1 {
		t.Errorf("left are %+v", left)
	}
}
