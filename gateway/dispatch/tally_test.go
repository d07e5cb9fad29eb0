package dispatch

import (
	"maps"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// tallies reads what a counter has counted, by its labels in the order of their
// names.
func (w *world) tallies(name string) map[string]float64 {
	w.t.Helper()
	families, err := w.tallied.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	out := make(map[string]float64)
	for _, f := range families {
		if f.GetName() != "imgfleet_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			key := ""
			for _, l := range m.GetLabel() {
				key += l.GetValue() + " "
			}
			if n := m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount()); n > 0 {
				out[key] = n
			}
		}
	}
	return out
}

// counted waits until a counter stands as it should, and sees that it stays so
// while nothing more happens.
func (w *world) counted(name string, want map[string]float64) {
	w.t.Helper()
	eventually(w.t, name+" is counted", func() bool { return maps.Equal(w.tallies(name), want) })
}

func TestEveryTaskIsCountedOnceByWhoeverEndsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), with(worker("w1", "", 8, "a", "b")))
	first := w.start()
	first.leads()
	done := w.accept()
	w.next().ok()
	w.finished(done)
	refused := w.accept()
	w.next().fails(task.Rejected, task.ClassContent)
	w.finished(refused)
	canceled := w.accept()
	c := w.next()
	w.cancel(canceled)
	c.fails(task.FailedUnbilled, task.ClassCanceled)
	w.finished(canceled)
	deleted := w.accept()
	c = w.next()
	w.erase(deleted)
	c.ok()
	first.idle()
	moved := w.accept() // its leader goes, and the next one ends it
	w.next()
	w.start()
	first.stop()
	w.next().ok()
	w.finished(moved)
	w.counted("tasks_total", map[string]float64{" succeeded ": 2, "content_refused failed ": 1, " canceled ": 1, " deleted ": 1})
	w.counted("task_seconds", map[string]float64{"succeeded ": 2, "failed ": 1, "canceled ": 1})
}

// An end that another dispatcher finds was counted by the one that wrote it.
func TestAnEndThatIsFoundIsNotCountedAgain(t *testing.T) {
	t.Parallel()
	w := hedged(t)
	d := w.start()
	j := w.accept()
	w.next()
	w.second(j).ok()
	w.until(j, "the picture", func(r *task.Record) bool { return r.State == task.Succeeded })
	d.stop() // while the loser is under way
	next := w.start()
	w.next().outcome(workerrpc.Outcome{Result: task.Unknown, Class: task.ClassCanceled})
	w.finished(j)
	next.idle()
	w.counted("tasks_total", map[string]float64{" succeeded ": 1})
	w.counted("pictures_total", map[string]float64{" b ": 1})
	w.counted("picture_fen_total", map[string]float64{" b ": 50}) // it paid for both
}

// Who deletes a picture while the loser of a hedge is under way had it.
func TestATaskThatWasCountedIsNotCountedAsDeletedToo(t *testing.T) {
	t.Parallel()
	w := hedged(t)
	d := w.start()
	j := w.accept()
	slow := w.next()
	w.second(j).ok()
	w.until(j, "the picture", func(r *task.Record) bool { return r.State == task.Succeeded })
	w.erase(j)
	slow.ok()
	d.idle()
	w.counted("tasks_total", map[string]float64{" succeeded ": 1})
}

func TestAPictureCostsWhatAllAttemptsOfItsTaskCost(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil)
	d := w.start()
	for range 2 {
		j := w.accept()
		w.next().ok()
		w.finished(j)
	}
	j := w.accept()
	w.next().fails(task.FailedUnbilled, task.ClassInput)
	w.next().ok()
	w.finished(j)
	lost := w.accept()
	w.next().fails(task.Unknown, task.ClassTimeout) // paid for, and nobody has a picture of it
	w.finished(lost)
	d.idle()
	w.counted("pictures_total", map[string]float64{" a ": 2, " b ": 1})
	w.counted("picture_fen_total", map[string]float64{" a ": 40, " b ": 30})
	costs, err := d.Costs(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range costs {
		want := map[string]float64{"a": 20, "b": 30}[c.Provider]
		if c.FenPerPicture == nil || *c.FenPerPicture != want {
			t.Errorf("%+v: a picture cost %v fen, want %v", c, c.FenPerPicture, want)
		}
	}
}

func TestADeposedLeaderShowsNothingAsItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	l := d.leads()
	if got := d.gauges("leader")[""]; got != 1 || d.gauges("capacity_tasks")[""] == 0 {
		t.Errorf("the leader shows %v", got)
	}
	l.held = new(held) // its lease has run out, and the term does not know yet
	for _, name := range []string{"leader", "capacity_tasks"} {
		if got := d.gauges(name)[""]; got != 0 {
			t.Errorf("%s is %v", name, got)
		}
	}
	if len(d.gauges("spent_today_fen")) != 0 {
		t.Error("it shows what was spent")
	}
}

func TestALeaseIsHeldUntilItMayBeAnothers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	d.leads()
	d.stop()
	l := lease{bucket: d.lease, value: []byte("ours")}
	if l.held.sure() {
		t.Error("held before it was taken")
	}
	if err := l.renew(t.Context()); err != nil || !l.held.sure() {
		t.Errorf("taken: %v", err)
	}
	if until := time.Unix(0, l.held.until.Load()); until.After(time.Now().Add(leaderTTL)) {
		t.Errorf("it is held until %v", until)
	}
}

// Where nobody draws, tasks grow old, and every gateway says so.
func TestTheOldestWaitingTaskIsKnownEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with())
	leader := w.start()
	leader.leads()
	other := w.start()
	w.accept(func(j *task.Job) { j.CreatedAt = j.CreatedAt.Add(-30 * time.Second) })
	w.accept()
	for _, d := range []*running{leader, other} {
		eventually(t, "the oldest task is told", func() bool {
			at := d.plain("imgfleet_queue_oldest_seconds")
			return at >= 30 && at < 60
		})
	}
	if other.gauges("leader")[""] != 0 {
		t.Error("both lead")
	}
	w.crowd.set(worker("w1", "", 4, "a"))
	for range 2 {
		w.next().ok()
	}
	for _, d := range []*running{leader, other} {
		eventually(t, "nobody waits", func() bool { return d.plain("imgfleet_queue_oldest_seconds") == 0 })
	}
}

// plain reads a gauge without labels.
func (r *running) plain(name string) float64 {
	r.w.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	r.w.t.Errorf("no %s", name)
	return 0
}
