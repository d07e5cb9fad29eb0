package e2e_test

import (
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// audience are people of whom each asks for one picture after the other.
func audience(t *testing.T, d *dev, n int) []*person {
	t.Helper()
	all := make([]*person, n)
	var coming sync.WaitGroup
	for worker := range 4 {
		coming.Go(func() {
			for i := worker; i < n; i += 4 {
				all[i] = newPerson(t, d, uint64(500+i))
			}
		})
	}
	coming.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// ask makes everybody ask for pictures with the given seeds, and waits.
func ask(t *testing.T, people []*person, from, to int64) {
	t.Helper()
	var asking sync.WaitGroup
	for _, p := range people {
		asking.Go(func() {
			for seed := from; seed < to; seed++ {
				made, err := p.Submit(t.Context(), p.wish(seed))
				if err == nil {
					made, err = p.Wait(t.Context(), made.TaskID)
				}
				if err != nil || made.State != task.Succeeded || made.Degraded {
					t.Errorf("task = %+v, %v", made, err)
					return
				}
			}
		})
	}
	asking.Wait()
}

// arms counts the tasks of each arm, and which arms each session had.
func (d *dev) arms(t *testing.T) (count map[string]int, sessions map[task.SessionID]map[string]bool) {
	t.Helper()
	count, sessions = map[string]int{}, map[task.SessionID]map[string]bool{}
	for _, doc := range list[operator.Task](t, d.must(t, "task", "ls", "--limit", "1000", "-o", "json")) {
		if doc.Arm == nil {
			count[""]++
			continue
		}
		count[doc.Arm.Name]++
		if sessions[doc.Session] == nil {
			sessions[doc.Session] = map[string]bool{}
		}
		sessions[doc.Session][doc.Arm.Name] = true
	}
	return count, sessions
}

// report waits until so many tasks are counted: the last ones are counted
// after people have their pictures.
func (d *dev) report(t *testing.T, tasks int64) map[string]operator.ArmResult {
	t.Helper()
	out := map[string]operator.ArmResult{}
	if err := within(taskPatience, func() error {
		sum := int64(0)
		for _, a := range read[operator.ExperimentStatus](t, d.must(t, "experiment", "report", "sky", "-o", "json")).Results {
			out[a.Arm] = a
			sum += a.Tasks
		}
		if sum != tasks {
			return fmt.Errorf("%d tasks are counted, want %d", sum, tasks)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// mocks are two models, of which one refuses half of what it is asked.
func mocks(t *testing.T) string {
	t.Helper()
	return config(t, "", map[string]any{"providers": []map[string]any{
		{"name": "good", "kind": "mock", "model": "latency=20ms&picture=copy"},
		{"name": "bad", "kind": "mock", "model": "latency=20ms&picture=copy&fail=0.5&class=input&seed=3", "weight": 0},
	}})
}

func TestTheBetterArmGetsTheTraffic(t *testing.T) {
	t.Parallel()
	const people = 20
	data, file := t.TempDir(), mocks(t)
	d := start(t, data, "--config", file)
	crowd := audience(t, d, people)
	d.must(t, "experiment", "create", "sky", "--split", "thompson", "--arm", "a=good", "--arm", "b=bad")
	ask(t, crowd, 0, 4)
	first, _ := d.arms(t)
	// Whatever was not counted when all were killed is counted later, and once.
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	<-d.done
	d = start(t, data, "--config", file)
	arms := d.report(t, 4*people)
	if a, b := arms["a"], arms["b"]; a.Success == nil || a.Success.Value != 1 || b.Success == nil || b.Success.Value > 0.9 || a.Best < 0.9 || a.Share < 0.8 || a.P50 == nil {
		t.Errorf("after %d tasks: %+v, %+v", 4*people, a, b)
	}
	again := audience(t, d, people) // others, since addresses have changed
	ask(t, again, 0, 8)
	d.report(t, 12*people)
	count, _ := d.arms(t)
	late := float64(count["a"]-first["a"]) / (8 * people)
	t.Logf("tasks by arm: %v at first, %v in all; %.2f of the last %d are of the better arm", first, count, late, 8*people)
	if late < 0.8 {
		t.Errorf("the better arm has %.2f of the traffic, want four fifths", late)
	}
	t.Log("\n" + d.must(t, "experiment", "report", "sky"))
}

func TestASessionKeepsItsArmAndItsOpinionsCount(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--config", mocks(t), "--gateways", "2")
	crowd := audience(t, d, 8)
	d.must(t, "experiment", "create", "sky", "--arm", "a=good", "--arm", "b=good,steps=30")
	ask(t, crowd, 0, 2)
	for i, p := range crowd { // at the other gateway
		crowd[i].Session, crowd[i].api = p.Via(d.api(t, 1)), d.api(t, 1)
	}
	ask(t, crowd, 2, 4)
	count, sessions := d.arms(t)
	if len(sessions) != 8 || count["a"]+count["b"] != 32 || count["a"] == 0 || count["b"] == 0 {
		t.Fatalf("tasks by arm: %v, of %d sessions", count, len(sessions))
	}
	for s, arms := range sessions {
		if len(arms) != 1 {
			t.Errorf("%s had the arms %v", s, arms)
		}
	}
	p := crowd[0]
	made, _, err := p.List(t.Context(), 4, "")
	if err != nil || len(made) != 4 {
		t.Fatalf("%d tasks, %v", len(made), err)
	}
	arm := read[operator.Task](t, d.must(t, "task", "get", string(made[0].TaskID), "-o", "json")).Arm.Name
	for _, r := range []client.Rating{"dislike", "like"} {
		if err := p.Feedback(t.Context(), made[0].TaskID, r); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := p.Regenerate(t.Context(), made[1].TaskID, client.Again{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Delete(t.Context(), made[2].TaskID); err != nil {
		t.Fatal(err)
	}
	if err := within(taskPatience, func() error {
		got := d.report(t, 34)[arm]
		if got.Rated != 1 || got.Liked == nil || got.Liked.Value != 1 || got.Regenerated.Value*float64(got.Pictures) < 0.99 || got.Deleted.Value*float64(got.Pictures) < 0.99 {
			return fmt.Errorf("of arm %s: %+v, %+v, %+v", arm, got, got.Regenerated, got.Deleted)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	d.must(t, "experiment", "stop", "sky", "--reason", "enough")
	ask(t, crowd[:1], 10, 11)
	if count, _ := d.arms(t); count[""] != 1 {
		t.Errorf("after its end: %v", count)
	}
}
