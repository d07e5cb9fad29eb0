package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// TestTimedAnOperatorFindsTheCauseOfTenFaults plants one fault after the other in a
// real fleet and reads nothing but what imgctl says. Each cause is found within
// a minute, its alarm within seconds, and the alarm ends with the cause.
func TestTimedAnOperatorFindsTheCauseOfTenFaults(t *testing.T) { //nolint:tparallel // one fault at a time
	t.Parallel()
	alone(t)
	o := newOncall(t)
	o.ends(t, o.someone(t), task.Succeeded)
	for _, fault := range []struct {
		name string
		find func(*testing.T, *oncall) (mend func())
	}{
		{"EveryPhotoIsRefused", everyPhotoIsRefused},
		{"AllProvidersAreOff", allProvidersAreOff},
		{"AVendorIsSlow", aVendorIsSlow},
		{"ARegionIsLost", aRegionIsLost},
		{"AllWorkersAreLost", allWorkersAreLost},
		{"TheIntakeIsPaused", somebodyPausedTheIntake},
		{"TheBudgetIsSpent", theBudgetIsSpent},
		{"TheStoreIsAway", theStoreIsAway},
		{"TheEngineDiffers", theEngineDiffers},
		{"AKeyIsRefused", aKeyIsRefused}, // the last: its vendor is left alone for a minute
	} {
		if !t.Run(fault.name, func(t *testing.T) {
			begun := time.Now()
			mend := fault.find(t, o)
			if took := time.Since(begun); took > causeWithin {
				t.Errorf("the cause was found after %v", took)
			}
			mend()
		}) {
			return
		}
	}
}

func statusOf() []string    { return []string{"status"} }
func providersOf() []string { return []string{"provider", "ls"} }

// aKeyIsRefused: the vendor takes the key no more. People get their pictures
// from the other one, so only operators can notice.
func aKeyIsRefused(t *testing.T, o *oncall) (mend func()) {
	o.steer(t, "seedream", "auth=1")
	id, before := "request-of-a-trial-1", o.provider(t, "seedream").Calls
	made := o.someone(t, http.Header{"X-Request-Id": {id}})
	o.sees(t, toldWithin, statusOf(), "provider_failing", "seedream gives no pictures: auth")
	o.sees(t, toldWithin, providersOf(), "open", "left alone in")
	p := o.provider(t, "seedream")
	if p.State != "open" || p.Until == nil || p.Reason == "" || p.LastRefusal == nil || p.LastRefusal.Class != task.ClassAuth || p.LastRefusal.Code == "" || p.LastRefusal.Message == "" || p.Calls != before+1 || p.Success == nil || *p.Success >= 1 {
		t.Errorf("seedream: %+v, last refused %+v", p, p.LastRefusal)
	}
	got := o.ends(t, made, task.Succeeded)
	if got.RequestID != id || len(got.Attempts) != 2 || got.Attempts[0].Class != task.ClassAuth || got.Attempts[0].Code == "" {
		t.Errorf("the task: %+v", got)
	}
	for _, region := range []string{"east", "west"} {
		if strings.Contains(logOf(o.workers[region]), id) {
			says(t, o.gateway, 0, `"msg":"request".*"request_id":"`+id+`".*"task":"`+string(made))
			says(t, o.gateway, 0, `"msg":"attempt failed".*"request_id":"`+id+`".*"code"`)
			says(t, o.gateway, 0, `"msg":"task".*"request_id":"`+id+`"`)
			says(t, o.workers[region], 0, `"msg":"attempt ended".*"request_id":"`+id+`"`)
		}
	}
	if out := o.must(t, "task", "ls", "--code", got.Attempts[0].Code, "--provider", "seedream", "-o", "name"); strings.TrimSpace(out) != string(made) {
		t.Errorf("the tasks with its code: %s", out)
	}
	return func() {
		o.steer(t, "seedream", "")
		if os.Getenv("TRIALS_LONG") != "" {
			o.mended(t, "engine_differs") // stands since the fault before
		}
	}
}

// mended asks for pictures until a vendor that is well again is asked.
func (o *oncall) mended(t *testing.T, others ...string) {
	t.Helper()
	for end := time.Now().Add(2 * taskPatience); ; {
		o.must(t, "provider", "disable", "qianfan", "--yes")
		o.ends(t, o.someone(t), task.Succeeded)
		o.must(t, "provider", "enable", "qianfan", "--yes")
		if p := o.provider(t, "seedream"); p.State == "ok" || time.Now().After(end) {
			break
		}
		rig.Wait(t.Context(), time.Second)
	}
	o.quiet(t, "once it is well", toldWithin, others...)
}

// everyPhotoIsRefused: the vendor has changed what it takes. No breaker counts
// that: it may be the photo.
func everyPhotoIsRefused(t *testing.T, o *oncall) (mend func()) {
	o.steer(t, "seedream", "input=1")
	for range 3 {
		o.ends(t, o.someone(t), task.Succeeded) // by the other one
	}
	o.sees(t, toldWithin, statusOf(), "provider_failing", "seedream gives no pictures: input", "3 photos")
	if p := o.provider(t, "seedream"); p.State != "failing" && p.State != "open" || p.LastRefusal == nil || p.LastRefusal.Class != task.ClassInput || p.LastRefusal.Code == "" {
		t.Errorf("seedream: %+v", p)
	}
	return func() {
		o.steer(t, "seedream", "")
		o.mended(t)
	}
}

func allProvidersAreOff(t *testing.T, o *oncall) (mend func()) {
	for _, name := range []string{"seedream", "qianfan"} {
		o.must(t, "provider", "disable", name, "--yes", "--reason", "the bill is not paid")
	}
	o.sees(t, toldWithin, statusOf(), "no_provider", "critical", "seedream is switched off (the bill is not paid)")
	o.sees(t, toldWithin, providersOf(), "off", "the bill is not paid")
	return func() {
		for _, name := range []string{"seedream", "qianfan"} {
			o.must(t, "provider", "enable", name, "--yes")
		}
		o.quiet(t, "once they are on", toldWithin)
	}
}

// aVendorIsSlow: nothing fails, people complain.
func aVendorIsSlow(t *testing.T, o *oncall) (mend func()) {
	o.steer(t, "seedream", "median=4s&p95=4s")
	slow := o.someone(t)
	got := o.ends(t, slow, task.Succeeded)
	if w := got.Timing; w.VendorSeconds < 3 || w.WaitSeconds+w.OursSeconds > w.VendorSeconds {
		t.Errorf("its time: %+v", w)
	}
	o.sees(t, 0, []string{"task", "get", string(slow)}, "s at vendors")
	if first, _, _ := strings.Cut(o.must(t, "task", "ls", "--sort-by", "vendor", "--limit", "1000", "-o", "name"), "\n"); first != string(slow) {
		t.Errorf("the slowest is %s", first)
	}
	return func() { o.steer(t, "seedream", "") }
}

func aRegionIsLost(t *testing.T, o *oncall) (mend func()) {
	o.workers["west"].Kill()
	o.sees(t, lostWithin, statusOf(), "region_lost", "no worker is in region west")
	return func() {
		if err := o.workers["west"].Start(); err != nil {
			t.Fatal(err)
		}
		o.quiet(t, "once it is back", startPatience)
	}
}

// allWorkersAreLost: what was accepted waits, and says for what.
func allWorkersAreLost(t *testing.T, o *oncall) (mend func()) {
	o.steer(t, "seedream", "median=30s&p95=30s")
	running := o.someone(t)
	o.sees(t, taskPatience, []string{"task", "get", string(running)}, "running")
	waiting := o.photographed(t)
	for _, w := range o.workers {
		w.Kill()
	}
	o.sees(t, lostWithin, statusOf(), "workers_lost", "critical")
	made := waiting()
	o.sees(t, toldWithin, []string{"task", "get", string(made)}, "waits for", "worker: no worker is there")
	o.sees(t, toldWithin, []string{"task", "ls", "--state", "queued"}, "waits: worker")
	return func() {
		for _, id := range []task.ID{running, made} {
			o.must(t, "task", "cancel", string(id), "--yes")
		}
		o.steer(t, "seedream", "")
		for _, w := range o.workers {
			if err := w.Start(); err != nil {
				t.Fatal(err)
			}
		}
		o.quiet(t, "once they are back", startPatience)
	}
}

func somebodyPausedTheIntake(t *testing.T, o *oncall) (mend func()) {
	o.must(t, "intake", "pause", "--yes", "--reason", "moving the bucket")
	o.sees(t, toldWithin, statusOf(), "intake_paused", "moving the bucket")
	return func() {
		o.must(t, "intake", "resume", "--yes")
		o.quiet(t, "once it is open", toldWithin)
	}
}

func theBudgetIsSpent(t *testing.T, o *oncall) (mend func()) {
	o.must(t, "budget", "set", "--service", "10", "--yes")
	o.sees(t, toldWithin, statusOf(), "budget", "critical", "budget of the whole service")
	return func() {
		o.must(t, "budget", "reset", "--all", "--yes")
		o.quiet(t, "with a larger one", toldWithin)
	}
}

func theStoreIsAway(t *testing.T, o *oncall) (mend func()) {
	temp := filepath.Join(o.data, "objects", ".tmp")
	if err := os.Rename(temp, temp+"-away"); err != nil {
		t.Fatal(err)
	}
	o.sees(t, toldWithin, statusOf(), "store_unavailable", "critical", "no such file")
	return func() {
		if err := os.Rename(temp+"-away", temp); err != nil {
			t.Fatal(err)
		}
		o.quiet(t, "once it is back", toldWithin)
	}
}

// theEngineDiffers: a gateway was started with another retention than the
// engine has. What is wrong while it restarts is not a new trouble afterwards.
func theEngineDiffers(t *testing.T, o *oncall) (mend func()) {
	since := func() time.Time {
		for _, a := range read[operator.Status](t, o.must(t, "status", "-o", "json")).Alarms {
			if a.Name == "region_lost" {
				return a.Since
			}
		}
		return time.Time{}
	}
	o.workers["west"].Kill()
	o.sees(t, lostWithin, statusOf(), "region_lost")
	before := since()
	if err := o.gateway.Stop(t.Context(), 2*startPatience); err != nil {
		t.Error(err)
	}
	o.configure(t, filepath.Dir(o.gateway.LogPath()), map[string]any{"retention": "3h"})
	if err := o.gateway.Start(); err != nil {
		t.Fatal(err)
	}
	o.sees(t, startPatience, statusOf(), "engine_differs", "retention")
	o.sees(t, startPatience, statusOf(), "region_lost")
	if after := since(); before.IsZero() || !after.Equal(before) {
		t.Errorf("the alarm stands since %v, and stood since %v before the restart", after, before)
	}
	if p := o.provider(t, "seedream"); p.Calls < 3 || p.LastRefusal == nil || p.LastRefusal.Class != task.ClassInput {
		t.Errorf("after a restart seedream is %+v", p)
	}
	return func() {
		if err := o.workers["west"].Start(); err != nil {
			t.Fatal(err)
		}
	}
}
