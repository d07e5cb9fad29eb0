package dispatch

import (
	"slices"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
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
