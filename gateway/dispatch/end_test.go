package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// full has one worker with one slot, which a first task holds.
func full(t testing.TB) (*world, *running, *call) {
	t.Helper()
	w := newWorld(t, with(worker("w1", "", 1, "a")))
	d := w.start()
	w.accept()
	return w, d, w.next()
}

func (r *running) waiting(n int) {
	r.w.t.Helper()
	eventually(r.w.t, "it waits", func() bool { return r.Status().Waiting == n })
}

func within3s(t testing.TB, what string, start time.Time) {
	t.Helper()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("%s took %v", what, took)
	}
}

func TestACancelWhileWaitingEndsAtOnceAndForFree(t *testing.T) {
	t.Parallel()
	w, d, c := full(t)
	j := w.accept()
	d.waiting(1)
	start := time.Now()
	w.cancel(j)
	end := last(w.finished(j))
	within3s(t, "the cancel", start)
	if end.State != task.Canceled || end.Started() || end.Counts() {
		t.Errorf("end = %+v", end)
	}
	c.ok()
	d.idle()
	w.quiet()
}

// The window is full: the job has not reached the dispatcher when its cancel
// does.
func TestACancelBeforeTheWindowIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 1, "a")), func(w *world) { w.config.Window = 2 })
	d := w.start()
	w.accept()
	first := w.next()
	second := w.accept()
	d.waiting(1)
	third, fourth := w.accept(), w.accept()
	w.cancel(fourth)
	eventually(t, "the cancel is remembered", func() (known bool) {
		d.current.Load().look(func(b *board) { known = len(b.missed) == 1 })
		return known
	})
	first.ok() // makes room for the third
	if c := w.next(); c.req.Task != second.ID {
		t.Fatal("another came first")
	} else {
		d.waiting(1)
		c.ok() // and for the fourth, which need not wait for the third
	}
	c := w.next()
	if end := last(w.finished(fourth)); end.State != task.Canceled || end.Started() {
		t.Errorf("end = %+v", end)
	}
	if w.record(third).State.Terminal() {
		t.Error("the third ended before the fourth was canceled")
	}
	c.ok()
	w.finished(third)
	d.idle()
}

func TestACancelWhileRunningReachesTheWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	w.cancel(j)
	if k := within(t, w.workers.cancels, "the worker is asked to stop"); k != (attemptKey{j.ID, 1}) {
		t.Errorf("canceled %+v", k)
	}
	c.outcome(workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassCanceled})
	end := last(w.finished(j))
	if end.State != task.Canceled || !slices.Equal(outcomes(end), []string{"a failed_unbilled canceled"}) || !end.Counts() {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
}

func TestACanceledTaskMayStillSucceed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	w.cancel(j)
	within(t, w.workers.cancels, "the worker is asked to stop")
	c.say(workerrpc.Update{Progress: 90, Stage: task.StageFinishing})
	if r := w.until(j, "progress", func(r *task.Record) bool { return r.Progress == 90 }); r.Stage != task.StageCanceling {
		t.Errorf("stage = %s", r.Stage)
	}
	c.ok() // the vendor could not stop, and bills
	if end := last(w.finished(j)); end.State != task.Succeeded || end.Result == nil || end.Canceling {
		t.Errorf("end = %+v", end)
	}
	d.idle()
}

func TestACancelBetweenAttemptsEndsTheTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	w.next().outcome(workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassRate, RetryAfter: 60_000})
	w.until(j, "it pauses", func(r *task.Record) bool { return r.Stage == task.StageRetrying })
	start := time.Now()
	w.cancel(j)
	end := last(w.finished(j))
	within3s(t, "the cancel", start)
	if end.State != task.Canceled || len(end.Attempts) != 1 {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
	w.quiet()
}

func TestACancelSurvivesATakeOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 1, "a")))
	first := w.start()
	runs := w.accept()
	w.next()
	waits := w.accept()
	first.waiting(1)
	first.stop()
	for _, j := range []*task.Job{runs, waits} {
		w.cancel(j) // nobody hears the signal
	}
	second := w.start()
	c := w.next()
	if !c.req.AttachOnly {
		t.Error("a canceled call was started again")
	}
	within(t, w.workers.cancels, "the worker is asked to stop")
	if end := last(w.finished(waits)); end.State != task.Canceled || end.Started() {
		t.Errorf("the waiting one: %s", end.State)
	}
	c.fails(task.FailedUnbilled, task.ClassCanceled)
	if end := last(w.finished(runs)); end.State != task.Canceled {
		t.Errorf("the running one: %s", end.State)
	}
	second.idle()
}

// deleted waits until the books of a deleted task are closed.
func (w *world) deleted(j *task.Job) {
	w.t.Helper()
	eventually(w.t, "it is settled", func() bool { return w.books.record(j.ID) != nil })
	if r := w.record(j); !r.Deleted {
		w.t.Errorf("resurrected: %+v", r)
	}
	if r := w.books.record(j.ID); !r.Deleted {
		w.t.Errorf("settled as %s", r.State)
	}
	if n := w.shelf.count(); n != 0 {
		w.t.Errorf("%d objects left", n)
	}
}

func TestADeletionWhileWaitingLeavesNothing(t *testing.T) {
	t.Parallel()
	w, d, c := full(t)
	j := w.accept()
	d.waiting(1)
	w.erase(j)
	w.deleted(j)
	c.ok()
	d.idle()
	w.quiet()
}

func TestADeletionWhileRunningLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	w.erase(j)
	within(t, w.workers.cancels, "the worker is asked to stop")
	w.shelf.put(t, c.req.ImageURL, []byte("late")) // the vendor finishes anyway
	w.shelf.manifest(t, c, picture())
	c.ok()
	w.deleted(j)
	d.idle()
}

func TestADeletionWithoutASignalIsNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	c := w.next()
	if _, err := w.queue.Erase(t.Context(), j.Session, j.ID); err != nil {
		t.Fatal(err)
	}
	c.say(workerrpc.Update{Progress: 50}) // the write of which fails
	within(t, w.workers.cancels, "the worker is asked to stop")
	c.fails(task.FailedUnbilled, task.ClassCanceled)
	w.deleted(j)
	d.idle()
}

func TestADeletedJobIsNeverStarted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.accept()
	if _, err := w.queue.Erase(t.Context(), j.Session, j.ID); err != nil {
		t.Fatal(err)
	}
	d := w.start()
	w.deleted(j)
	d.idle()
	// Sent once more, long after its key was remembered.
	if _, _, err := w.queue.Submit(t.Context(), j, "again"); err != nil {
		t.Fatal(err)
	}
	d.idle()
	w.deleted(j)
	w.quiet()
}

func TestAFinishedJobThatComesAgainIsOnlySettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept()
	w.next().ok()
	before := w.finished(j)
	d.idle()
	if _, _, err := w.queue.Submit(t.Context(), j, "again"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is settled again", func() bool {
		w.books.mu.Lock()
		defer w.books.mu.Unlock()
		return w.books.times[j.ID] == 2
	})
	d.idle()
	if after := w.finished(j); len(after) != len(before) {
		t.Errorf("%d revisions became %d", len(before), len(after))
	}
	w.quiet()
}

func soon(j *task.Job) { j.Deadline = time.Now().Add(700 * time.Millisecond) }

func TestATaskThatWaitsPastItsDeadlineExpires(t *testing.T) {
	t.Parallel()
	w, d, c := full(t)
	j := w.accept(soon)
	end := last(w.finished(j))
	if end.State != task.Expired || end.Failure.Code != "task_expired" || end.Started() || end.Counts() {
		t.Errorf("end = %+v", end)
	}
	c.ok()
	d.idle()
	w.quiet()
}

func TestATaskThatRunsPastItsDeadlineExpiresAndIsCanceledAtTheWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	j := w.accept(soon)
	w.next()
	if k := within(t, w.workers.cancels, "the worker is asked to stop"); k != (attemptKey{j.ID, 1}) {
		t.Errorf("canceled %+v", k)
	}
	end := last(w.finished(j))
	if end.State != task.Expired || !slices.Equal(outcomes(end), []string{"a unknown timeout"}) {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
}

func TestATaskWithoutAnyWorkerExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with())
	d := w.start()
	j := w.accept(soon)
	if end := last(w.finished(j)); end.State != task.Expired {
		t.Errorf("end = %s", end.State)
	}
	d.idle()
}

func TestAJobPastItsDeadlineAtTakeOverExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.accept(func(j *task.Job) { j.Deadline = time.Now().Add(-time.Second) })
	d := w.start()
	if end := last(w.finished(j)); end.State != task.Expired || end.Started() {
		t.Errorf("end = %s after %v", end.State, outcomes(end))
	}
	d.idle()
	w.quiet()
}

func TestHistoryIsTrimmedAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.config.Trim = 0 })
	d := w.start()
	j := w.accept()
	w.next().ok()
	w.until(j, "the task ends", func(r *task.Record) bool { return r.State.Terminal() })
	eventually(t, "the history is trimmed", func() bool {
		f, err := w.queue.Follow(t.Context(), j.Session, j.ID, 1, true)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return f.Snapshot() != nil
	})
	d.idle()
}

// A dispatcher that is stopped in the middle of anything leaves no goroutine
// and no half-told task behind.
func TestStoppingInTheMiddleOfEverythingEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 2, "a")))
	d := w.start()
	runs, pauses := w.accept(), w.accept()
	a, b := w.next(), w.next()
	if a.req.Task != pauses.ID {
		a, b = b, a
	}
	a.outcome(workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassRate, RetryAfter: 60_000})
	b.breaks(fault.WorkerLost)
	w.next() // attached
	for range 5 {
		w.accept()
	}
	eventually(t, "some wait", func() bool { return d.Status().Waiting > 0 })
	start := time.Now()
	d.stop()
	within3s(t, "stopping", start)
	if r := w.record(runs); r.State != task.Running || r.Running() == nil {
		t.Errorf("the running one: %+v", r)
	}
}
