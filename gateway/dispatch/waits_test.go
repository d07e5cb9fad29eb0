package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// waitsFor waits until a task is said to wait for something, by the leader and
// by another gateway.
func waitsFor(t *testing.T, ds []*running, j *task.Job, kind, words string) *operator.Wait {
	t.Helper()
	var w *operator.Wait
	for _, d := range ds {
		eventually(t, "it waits for "+kind, func() bool {
			w = d.Waits(d.w.record(j))
			return w != nil && w.For == kind && strings.Contains(w.Message, words)
		})
	}
	return w
}

func TestATaskSaysForWhatItWaits(t *testing.T) {
	t.Parallel()
	var full error
	w := newWorld(t, routed(func(c *routing.Config) { c.Providers[0].MaxConcurrent = 1 }), func(w *world) {
		w.config.Stall = time.Hour
		w.config.Breaking.Refuse, w.config.Breaking.Most = time.Hour, time.Hour
	})
	w.store = func() error { return full }
	ds := []*running{w.start()}
	ds[0].leads()
	ds = append(ds, w.start())
	name := w.routes.Providers[0].Name
	w.crowd.set()
	j := w.accept()
	waitsFor(t, ds, j, operator.WaitWorker, "no worker")
	w.crowd.set(worker("w1", "", 4, "other"))
	waitsFor(t, ds, j, operator.WaitWorker, name+" has no worker")
	w.policy.Store(&policy.State{Providers: map[string]policy.Provider{name: {Disabled: true}}})
	waitsFor(t, ds, j, operator.WaitProvider, "switched off")
	w.policy.Store(&policy.State{})
	w.crowd.set(worker("w1", "", 4, name))
	c := w.next()
	if got := ds[0].Waits(w.record(j)); got != nil {
		t.Errorf("with a call in flight it waits for %+v", got)
	}
	second := w.accept()
	waitsFor(t, ds, second, operator.WaitLimit, "all of its 1 calls")
	c.outcome(workerrpc.Outcome{Result: task.Rejected, Class: task.ClassQuota, Code: "Arrears"})
	w.finished(j)
	if got := waitsFor(t, ds, second, operator.WaitBreaker, "quota Arrears"); got.Until == nil || time.Until(*got.Until) < 50*time.Minute {
		t.Errorf("until %v", got.Until)
	}
	if got := ds[0].Waits(w.record(j)); got != nil {
		t.Errorf("a task that ended waits for %+v", got)
	}
}

func TestATaskSaysThatItWaitsForTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store = func() error { return fault.New(fault.StorageFull) }
	d := w.start()
	d.leads()
	waitsFor(t, []*running{d}, w.accept(), operator.WaitStore, string(fault.StorageFull))
}

func TestATaskThatNobodyLeadsSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.start()
	d.leads()
	j := w.accept(func(j *task.Job) { j.Campaign = "" })
	w.next()
	d.stop()
	r := w.record(j)
	r.Attempts = nil
	d.last.Store(nil)
	if got := d.Waits(r); got == nil || got.For != operator.WaitDispatcher {
		t.Errorf("%+v", got)
	}
}
