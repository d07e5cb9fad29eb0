package dispatch

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAFloodDelaysOthersByOneTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 2, "a")))
	d := w.start()
	flooder := task.SessionID(task.NewID())
	for range 500 {
		w.accept(func(j *task.Job) { j.Session = flooder })
	}
	d.waiting(498)
	running := []*call{w.next(), w.next()}
	other := w.accept()                                                      // same network, another session
	foreign := w.accept(func(j *task.Job) { j.Network = "198.51.100.0/24" }) // another network
	d.waiting(500)
	var order []task.ID
	for len(order) < 6 {
		running[0].ok()
		c := w.next()
		running = append(running[1:], c)
		order = append(order, c.req.Task)
	}
	if at := slices.Index(order, other.ID); at < 0 || at > 3 {
		t.Errorf("the other session came %dth", at+1)
	}
	if at := slices.Index(order, foreign.ID); at < 0 || at > 1 {
		t.Errorf("the other network came %dth", at+1)
	}
	d.stop()
}

func TestWorkersThatDrainGetNothing(t *testing.T) {
	t.Parallel()
	leaving := worker("w2", "", 8, "a")
	leaving.Draining = true
	w := newWorld(t, with(worker("w1", "", 4, "a"), leaving, worker("w3", "", 8, "a")))
	w.policy.Store(&policy.State{Workers: map[string]policy.Worker{"w3": {Drain: true}}})
	d := w.start()
	var calls []*call
	for range 6 {
		w.accept()
	}
	for range 4 {
		calls = append(calls, w.next())
	}
	d.waiting(2)
	for _, c := range calls {
		if c.addr != "w1:1" {
			t.Errorf("%s got a task", c.addr)
		}
	}
	w.policy.Store(&policy.State{}) // and when the operator changes their mind
	for range 2 {
		if c := w.next(); c.addr != "w3:1" {
			t.Errorf("%s got a task", c.addr)
		} else {
			calls = append(calls, c)
		}
	}
	for _, c := range calls {
		c.ok()
	}
	d.idle()
}

func TestADisabledProviderIsNotAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(aThenB), with(worker("w1", "", 4, "a", "b")))
	w.policy.Store(&policy.State{Providers: map[string]policy.Provider{"a": {Disabled: true}}})
	d := w.start()
	j := w.accept()
	c := w.next()
	if c.req.Provider != "b" {
		t.Errorf("asked %s", c.req.Provider)
	}
	c.ok()
	w.finished(j)
	w.policy.Store(&policy.State{Providers: map[string]policy.Provider{"a": {Disabled: true}, "b": {Disabled: true}}})
	w.accept()
	d.waiting(1)
	w.policy.Store(&policy.State{})
	w.next().ok()
	d.idle()
}

func TestARegionServesItsOwnAndThenSpillsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, still, with(worker("e1", "east", 1, "a"), worker("w1", "west", 4, "a")))
	d := w.start()
	east := func(j *task.Job) { j.Region = "east" }
	w.accept(east)
	first := w.next()
	if first.addr != "e1:1" {
		t.Errorf("%s got the first", first.addr)
	}
	w.accept(east)
	d.waiting(1)
	w.clock.pass(w.config.Spill - 1)
	north := w.accept(func(j *task.Job) { j.Region = "north" }) // where there is nobody to wait for
	second := w.next()
	if second.addr != "w1:1" || second.req.Task != north.ID {
		t.Errorf("%s got the second", second.addr)
	}
	d.waiting(1)
	w.clock.pass(1)
	third := w.next()
	if third.addr != "w1:1" {
		t.Errorf("%s got the third", third.addr)
	}
	for _, c := range []*call{first, second, third} {
		c.ok()
	}
	d.idle()
}

func TestAProvidersLimitIsExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, routed(func(c *routing.Config) { c.Providers[0].MaxConcurrent = 3 }),
		func(w *world) { w.config.Breaking.Least = 1000 }, // so many failures would open it
		with(worker("w1", "", 50, "a"), worker("w2", "", 50, "a")))
	d := w.start()
	var jobs []*task.Job
	for range 30 {
		jobs = append(jobs, w.accept())
	}
	var calls []*call
	for left := len(jobs); left > 0; {
		for len(calls) < min(3, left) {
			calls = append(calls, w.next())
		}
		c := calls[0]
		calls = calls[1:]
		if c.req.Number == 1 && left%3 == 0 {
			c.fails(task.FailedUnbilled, task.ClassTransient) // and comes again
			continue
		}
		c.ok()
		left--
	}
	for _, j := range jobs {
		w.finished(j)
	}
	d.idle()
	if most := w.workers.most["a"]; most != 3 {
		t.Errorf("%d calls at once, want exactly 3 at the most", most)
	}
}

func TestAWorkerThatComesIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with())
	d := w.start()
	d.leads()
	w.accept()
	d.waiting(1)
	w.crowd.set(worker("w1", "", 1, "a"))
	w.next().ok()
	d.idle()
}

func TestPositionsAreToldWhenTheyMatter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		told, now int
		want      bool
	}{
		{100, 99, false}, {100, 51, false}, {100, 50, true}, {12, 11, false}, {12, 10, false}, {12, 9, true},
		{9, 8, true}, {9, 9, false}, {2, 1, true}, {1, 1, false}, {5, 7, false}, {1, 30, false},
	} {
		if got := worthAnnouncing(c.told, c.now); got != c.want {
			t.Errorf("from %d to %d: %v", c.told, c.now, got)
		}
	}
}

func TestTheWaitingSeeTheirPositionFall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with(worker("w1", "", 1, "a")))
	d := w.start()
	session := task.SessionID(task.NewID())
	same := func(j *task.Job) { j.Session = session }
	w.accept(same)
	running := w.next() // so that the last one enters as the 23rd
	var end *task.Job
	for range 23 {
		end = w.accept(same)
	}
	d.waiting(23)
	told := []int{}
	for n := range 23 {
		running.ok()
		running = w.next()
		if left := 22 - n; left > 0 && (left < 10 || left == 11) {
			r := w.until(end, fmt.Sprintf("position %d", left), func(r *task.Record) bool { return r.Queue != nil && r.Queue.Position == left })
			if r.Event == task.EventQueued && r.Queue.P90 < r.Queue.P50 {
				t.Errorf("eta = %+v", r.Queue)
			}
		}
	}
	running.ok()
	for _, r := range w.finished(end) {
		if r.Event == task.EventQueued && r.Queue != nil {
			told = append(told, r.Queue.Position)
		}
	}
	if want := []int{11, 9, 8, 7, 6, 5, 4, 3, 2, 1}; !slices.Equal(told, want) {
		t.Errorf("positions told: %v, want %v", told, want)
	}
	d.idle()
}

func TestAPositionAfterATakeOverDoesNotGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with())
	session := task.SessionID(task.NewID())
	same := func(j *task.Job) { j.Session = session }
	for range 6 {
		w.accept(same)
	}
	j := w.accept(same)
	w.edit(j, func(r *task.Record) { // told in the term before, when others had their turn later
		r.Queue = &task.Position{Position: 3, P50: 1, P90: 2}
		if err := r.To(task.Queued, task.EventQueued); err != nil {
			t.Fatal(err)
		}
	})
	d := w.start()
	d.waiting(7)
	w.crowd.set(worker("w1", "", 1, "a"))
	for range 6 {
		w.next().ok()
		if r := w.record(j); r.Queue != nil && r.Queue.Position > 3 {
			t.Errorf("position %d", r.Queue.Position)
		}
	}
	w.next().ok()
	w.finished(j)
	d.idle()
}

func TestAnIdleQueueGivesTheFirstPosition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 { // also for a dispatcher that has never seen a job
		d := w.start()
		d.leads()
		eventually(t, "the load is told", func() bool { return w.queue.Load() != nil })
		for range 3 {
			j := w.accept()
			w.next().ok()
			w.finished(j)
		}
		d.idle()
		eventually(t, "the load of an idle dispatcher", func() bool { l := w.queue.Load(); return l != nil && l.Running+l.Waiting == 0 && l.Delivered > 0 })
		if p := w.queue.Estimate(w.queue.Load().Delivered + 1); p == nil || p.Position != 1 {
			t.Errorf("position = %+v", p)
		}
		d.stop()
	}
}

func TestEstimatesAreHeldAgainstWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, still)
	d := w.start()
	d.leads()
	quick := w.accept()
	c := w.next()
	w.clock.pass(2 * time.Second)
	c.ok() // the first guess is three seconds
	w.finished(quick)
	d.idle()
	if e, p50, p90 := d.count("estimates"), d.count("estimates_by_p50"), d.count("estimates_by_p90"); e != 1 || p50 != 1 || p90 != 1 {
		t.Errorf("after a quick one: %d estimates, %d by p50, %d by p90", e, p50, p90)
	}
	eventually(t, "the service time is learned", func() (learned bool) {
		d.current.Load().look(func(b *board) { learned = b.service.mean < guess })
		return learned
	})
	slow := w.accept()
	c = w.next()
	w.clock.pass(10 * time.Second)
	c.ok()
	w.finished(slow)
	d.idle()
	if e, p50 := d.count("estimates"), d.count("estimates_by_p50"); e != 2 || p50 != 1 {
		t.Errorf("after a slow one: %d estimates, %d by p50", e, p50)
	}
	failed := w.accept()
	w.next().fails(task.Rejected, task.ClassContent)
	w.finished(failed)
	d.idle()
	if e := d.count("estimates"); e != 2 {
		t.Errorf("a failure was counted: %d estimates", e)
	}
}

func TestServiceTimesAreSummedUp(t *testing.T) {
	t.Parallel()
	s := newService()
	for i := range 2 * serviceSamples {
		s.Add(time.Duration(i%100+1) * time.Second)
	}
	s.summarise()
	if s.p50 < 45 || s.p50 > 55 || s.p90 < 85 || s.p90 > 95 || s.mean < 45 || s.mean > 55 {
		t.Errorf("p50 %v, p90 %v, mean %v", s.p50, s.p90, s.mean)
	}
}
