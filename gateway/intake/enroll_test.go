package intake

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// alone runs an experiment in which every session has the same arm.
func (f *fixture) alone(name string, arm policy.Arm) {
	arm.Name, arm.Weight = "a", 1
	f.policy.state.Experiments = map[string]policy.Experiment{
		name: {Arms: []policy.Arm{arm}, Traffic: 100, StartedAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)},
	}
}

func TestATaskCarriesTheWordsAndNumbersOfItsArm(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.policy.words = map[int]*catalog.Document{9: {
		Version: 9, Styles: []catalog.Style{{ID: "ink", Prompt: "new words", Strength: .3, Defaults: catalog.Defaults{Steps: 20, CFG: 5}}},
		Places: []catalog.Place{{ID: "bund", Prompt: "new place"}},
	}}
	f.alone("sky", policy.Arm{Provider: "b", Catalog: 9, Steps: 30, Strength: .8, Resolution: "1k"})
	r := f.submit(t, f.request(""))
	j, _, err := f.queue.Job(t.Context(), f.id, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r.Arm == nil || r.Arm.Experiment != "sky" || r.Arm.Name != "a" || r.Arm.Provider != "b" || *j.Arm != *r.Arm {
		t.Errorf("arm of the record %+v, of the job %+v", r.Arm, j.Arm)
	}
	if s := j.Style; s.Prompt != "new words" || s.Strength != .8 || s.Defaults != (catalog.Defaults{Resolution: "1k", Steps: 30, CFG: 5}) {
		t.Errorf("style = %+v", s)
	}
	if j.Place.Prompt != "new place" || j.CatalogVersion != 9 || j.Options != (task.Options{}) {
		t.Errorf("job = %+v", j)
	}
	if s, _ := f.policy.words[9].Style("ink"); s.Defaults.Steps != 20 {
		t.Error("the catalogue itself was changed")
	}
}

func TestWhatAnArmHasNoWordsForTakesNoPart(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.alone("sky", policy.Arm{Provider: "b", Catalog: 9})
	if r := f.submit(t, f.request("")); r.Arm != nil || r.CatalogVersion != 7 {
		t.Errorf("the catalogue is not kept: %+v", r.Arm)
	}
	f.policy.words = map[int]*catalog.Document{9: {Version: 9, Styles: []catalog.Style{{ID: "ink"}}, Places: []catalog.Place{{ID: "wall"}}}}
	if r := f.submit(t, f.request("")); r.Arm != nil {
		t.Errorf("the place is not there: %+v", r.Arm)
	}
}

func TestArmsShareNoCachedPicture(t *testing.T) {
	t.Parallel()
	f := open(t)
	without := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	f.alone("sky", policy.Arm{Provider: "b"})
	first := f.submit(t, f.request(""))
	if first.Cached {
		t.Error("an arm is given a picture from before the experiment")
	}
	first = f.finish(t, first.ID, task.Succeeded)
	if r := f.submit(t, f.request("")); !r.Cached || r.Arm == nil {
		t.Errorf("its own picture is not given again: %+v", r)
	}
	f.alone("sea", policy.Arm{Provider: "b"})
	if r := f.submit(t, f.request("")); r.Cached {
		t.Error("a picture of another experiment is given")
	}
	f.alone("sky", policy.Arm{Provider: "b"})
	if err := f.Erase(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if r := f.submit(t, f.request("")); r.Cached {
		t.Error("a forgotten picture is given")
	}
	f.policy.state.Experiments = nil
	if r := f.submit(t, f.request("")); !r.Cached || r.Seed != without.Seed {
		t.Errorf("after the experiment: %+v", r)
	}
}

func TestAKeyKeepsTheArmOfItsFirstAnswer(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.alone("sky", policy.Arm{Provider: "b"})
	first := f.submit(t, f.request("key"))
	f.policy.state.Experiments = nil
	a, err := f.Submit(t.Context(), f.request("key"))
	if err != nil || !a.Replayed || a.Record.Arm == nil || *a.Record.Arm != *first.Arm {
		t.Errorf("replay: %+v, %v", a.Record, err)
	}
}
