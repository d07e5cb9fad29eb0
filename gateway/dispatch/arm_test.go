package dispatch

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

func inArm(provider string) func(*task.Job) {
	return func(j *task.Job) {
		j.Arm = &task.Arm{Experiment: "sky", Name: "arm-" + provider, Provider: provider, Book: "sky-1"}
	}
}

// three has providers of which only the first has a weight.
func three(w *world) {
	w.routes.Providers = []routing.Provider{provider("a"), provider("b"), provider("c")}
	w.routes.Providers[1].Weight, w.routes.Providers[2].Weight = 0, 0
	w.crowd = newCrowd(worker("w1", "", 4, "a", "b", "c"))
}

func TestATaskIsMadeByTheProviderOfItsArm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, three)
	d := w.start()
	j := w.accept(inArm("c"))
	c := w.next()
	if c.req.Provider != "c" {
		t.Errorf("asked %s first", c.req.Provider)
	}
	c.ok()
	if end := last(w.finished(j)); end.Arm == nil || *end.Arm != *j.Arm {
		t.Errorf("the record has the arm %+v", end.Arm)
	}
	d.idle()
}

func TestAnArmSurvivesItsFallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t, three)
	d := w.start()
	j := w.accept(inArm("b"))
	w.next().fails(task.FailedUnbilled, task.ClassInput)
	c := w.next()
	if c.req.Provider != "a" {
		t.Errorf("fell back to %s", c.req.Provider)
	}
	c.ok()
	end := last(w.finished(j))
	if end.State != task.Succeeded || end.Arm == nil || end.Arm.Provider != "b" || !slices.Equal(outcomes(end), []string{"b failed_unbilled input", "a ok "}) {
		t.Errorf("ended as %s after %v in the arm %+v", end.State, outcomes(end), end.Arm)
	}
	d.idle()
}

func TestAnArmThatIsSwitchedOffIsMadeAsUsual(t *testing.T) {
	t.Parallel()
	w := newWorld(t, three)
	w.policy.Store(&policy.State{Providers: map[string]policy.Provider{"b": {Disabled: true}}})
	d := w.start()
	w.accept(inArm("b"))
	c := w.next()
	if c.req.Provider != "a" {
		t.Errorf("asked %s", c.req.Provider)
	}
	c.ok()
	d.idle()
}

// desk opens the books of experiments on this gateway.
func (w *world) desk() *experiment.Desk {
	w.t.Helper()
	d, err := experiment.Open(w.t.Context(), w.engine, w.log)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = d.Run(ctx) }()
	w.t.Cleanup(func() { cancel(); <-ended })
	return d
}

func TestArmsAreCountedOnceOverTerms(t *testing.T) {
	t.Parallel()
	const tasks = 40
	w := newWorld(t, three)
	desk := w.desk()
	w.arms = desk
	var n atomic.Int64
	w.workers.script = func(c *call) (workerrpc.Outcome, error) {
		o := picture()
		if c.req.Provider == "b" && n.Add(1)%4 == 0 && !c.req.AttachOnly {
			o = workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassInput}
		}
		o.Task, o.Number = c.req.Task, c.req.Number
		if o.Result == task.OK {
			w.shelf.manifest(t, c, o)
		}
		return o, nil
	}
	var jobs []*task.Job
	for range tasks {
		jobs = append(jobs, w.accept(inArm("b")))
	}
	jobs = append(jobs, w.accept()) // of no arm
	d := w.start()
	for n := range 4 { // terms that end in the middle
		eventually(t, "some are settled", func() bool { return len(w.books.each) > 3*n })
		d.stop()
		d = w.start()
	}
	pictures := int64(0)
	for i, j := range jobs {
		if end := last(w.finished(j)); i < tasks && experiment.Made(*j.Arm, end) {
			pictures++
		}
	}
	d.idle()
	got, err := desk.Counts(t.Context(), "sky-1")
	if c := got["arm-b"]; err != nil || len(got) != 1 || c.Tasks != tasks || c.OK != pictures || pictures == tasks {
		t.Errorf("counted %+v, %v; %d of %d tasks gave a picture of the arm", got, err, pictures, tasks)
	}
}

func TestATaskThatCannotBeCountedComesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, three)
	refusing := &deaf{refuse: 2}
	w.arms = refusing
	d := w.start()
	w.accept(inArm("b"))
	w.next().ok()
	eventually(t, "its book is closed", func() bool { return refusing.closed.Load() == 1 })
	d.idle()
	if n := refusing.posts.Load(); n != 3 {
		t.Errorf("posted %d times", n)
	}
}

// deaf is a desk that refuses the first posts.
type deaf struct {
	refuse        int64
	posts, closed atomic.Int64
}

func (d *deaf) Post(context.Context, task.Arm, task.ID, experiment.Counts) error {
	if d.posts.Add(1) <= d.refuse {
		return errors.New("no engine")
	}
	return nil
}

func (d *deaf) Close(task.Arm, task.ID) { d.closed.Add(1) }

func TestAnArmThatIsOutOfMoneyOrBrokenIsMadeAsUsualAndLeftOut(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(w *world, d *running){
		"out of money": func(w *world, _ *running) {
			w.policy.Store(&policy.State{Budgets: map[string]int64{"b": 10}})
		},
		"broken": func(_ *world, d *running) {
			d.leads().look(func(b *board) {
				b.health.Report(health.Call{Lane: health.Lane{Provider: "b"}}, workerrpc.Outcome{Class: task.ClassAuth}, time.Now())
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, three, func(w *world) { w.routes.Providers[1].PriceFen = 20 })
			desk := w.desk()
			w.arms = desk
			d := w.start()
			prepare(w, d)
			j := w.accept(inArm("b"))
			c := w.next()
			if c.req.Provider == "b" {
				t.Error("its provider was asked")
			}
			c.ok()
			if end := last(w.finished(j)); end.Arm == nil || end.Arm.Name != "arm-b" {
				t.Errorf("the arm is %+v", end.Arm)
			}
			d.idle()
			got, err := desk.Counts(t.Context(), "sky-1")
			if c := got["arm-b"]; err != nil || c.Tasks != 0 || c.Missed != 1 {
				t.Errorf("counted %+v, %v", got, err)
			}
		})
	}
}
