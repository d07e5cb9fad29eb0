package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func read[T any](t *testing.T, raw string) T {
	t.Helper()
	var out T
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return out
}

// list reads "-o json" of a list, whether bare or in an envelope.
func list[T any](t *testing.T, raw string) []T {
	t.Helper()
	if strings.HasPrefix(strings.TrimSpace(raw), "[") {
		return read[[]T](t, raw)
	}
	return read[operator.List[T]](t, raw).Data
}

// post submits one task by hand, so that the refusal can be looked at.
func (p *person) post(t *testing.T, base string, seed int) (int, client.Problem) {
	t.Helper()
	body := fmt.Sprintf(`{"uploadId":%q,"style":%q,"place":%q,"options":{"seed":%d}}`, p.upload.UploadID, styleID, placeID, seed)
	return raw(t, p.Token(), http.MethodPost, base+"/tasks", body)
}

// theQuotaIsSetAndUndone is criterion 7: three tasks a day, the fourth is
// refused within a second on every gateway, and says until when.
func theQuotaIsSetAndUndone(t *testing.T, d *dev) {
	people := []*person{newPerson(t, d, 20), newPerson(t, d, 21)}
	for _, p := range people {
		for i := range 3 {
			if status, _ := p.post(t, d.public[i%len(d.public)], i); status != http.StatusAccepted {
				t.Fatalf("task %d: %d", i+1, status)
			}
		}
	}
	d.must(t, "quota", "set", "--session-daily", "3", "--yes", "--reason", "a test")
	changed := time.Now()
	for g, base := range d.public {
		var p client.Problem
		err := within(liveWithin-time.Since(changed), func() error {
			var status int
			if status, p = people[g].post(t, base, 100+g); status != http.StatusTooManyRequests {
				return fmt.Errorf("the fourth task: %d", status)
			}
			return nil
		})
		if err != nil {
			t.Errorf("gateway %d: %v", g+1, err)
			continue
		}
		if p.Code != "quota_exceeded" || p.ResetsAt == nil || p.RetryAfter <= 0 || p.RetryAfter > 24*time.Hour {
			t.Errorf("gateway %d: problem = %+v", g+1, p)
			continue
		}
		if gap := time.Until(*p.ResetsAt) - p.RetryAfter; gap.Abs() > 2*time.Second {
			t.Errorf("resetsAt and Retry-After differ by %v", gap)
		}
		if cst := p.ResetsAt.In(time.FixedZone("CST", 8*3600)); cst.Hour() != 0 || cst.Minute() != 0 {
			t.Errorf("it resets at %v, want midnight in Shanghai", cst)
		}
		t.Logf("gateway %d: %s", g+1, p.Detail)
	}
	history := list[operator.Change](t, d.must(t, "history", "ls", "-o", "json"))
	if len(history) == 0 || history[0].Reason != "a test" || history[0].Who == "" || len(history[0].After) == 0 {
		t.Fatalf("history = %+v", history)
	}
	d.must(t, "history", "undo", fmt.Sprint(history[0].Version), "--yes", "--reason", "the test is over")
	for g, base := range d.public {
		if err := within(liveWithin, func() error {
			if status, p := people[g].post(t, base, 200+g); status != http.StatusAccepted {
				return fmt.Errorf("after undo: %d %s", status, p.Code)
			}
			return nil
		}); err != nil {
			t.Errorf("gateway %d: %v", g+1, err)
		}
	}
	for _, p := range people {
		p.drain(t)
	}
}

// drain waits until all of a person's tasks have ended.
func (p *person) drain(t *testing.T) {
	t.Helper()
	page, _, err := p.List(t.Context(), 50, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range page {
		if !doc.State.Terminal() {
			p.finish(t, doc.TaskID)
		}
	}
}

// aProviderIsDisabled: tasks wait while nothing may make them.
func aProviderIsDisabled(t *testing.T, d *dev) {
	p := newPerson(t, d, 22)
	d.must(t, "provider", "disable", "mock", "--yes", "--reason", "a test")
	d.must(t, "provider", "disable", "broken", "--yes", "--reason", "a test")
	enabled := func() (on []string) {
		for _, q := range list[operator.Provider](t, d.must(t, "provider", "ls", "-o", "json")) {
			if q.Enabled {
				on = append(on, q.Name)
			}
		}
		return on
	}
	if on := enabled(); len(on) != 0 {
		t.Errorf("still enabled: %v", on)
	}
	<-time.After(liveWithin) // the promise; then no new attempt may start
	made := p.submit(t, 1)
	if doc, err := p.Get(t.Context(), made.TaskID); err != nil || doc.State != task.Queued {
		t.Errorf("with everything disabled: %s, %v", doc.State, err)
	}
	<-time.After(2 * liveWithin)
	if doc, err := p.Get(t.Context(), made.TaskID); err != nil || doc.State != task.Queued {
		t.Errorf("it did not wait: %s, %v", doc.State, err)
	}
	d.must(t, "provider", "enable", "mock", "--yes")
	d.must(t, "provider", "enable", "broken", "--yes")
	if doc := p.finish(t, made.TaskID); doc.State != task.Succeeded {
		t.Errorf("after enabling it ended as %s", doc.State)
	}
}

// theIntakeIsPaused: nothing new, everywhere, until it is resumed.
func theIntakeIsPaused(t *testing.T, d *dev) {
	p := newPerson(t, d, 23)
	d.must(t, "intake", "pause", "--yes", "--reason", "a test")
	for g, base := range d.public {
		if err := within(liveWithin, func() error {
			if status, q := p.post(t, base, 0); status != http.StatusServiceUnavailable || q.Code != "intake_paused" || q.RetryAfter <= 0 {
				return fmt.Errorf("while paused: %d %s, retry after %v", status, q.Code, q.RetryAfter)
			}
			return nil
		}); err != nil {
			t.Errorf("gateway %d: %v", g+1, err)
		}
	}
	d.must(t, "intake", "resume", "--yes")
	for g, base := range d.public {
		if err := within(liveWithin, func() error {
			if status, q := p.post(t, base, g); status != http.StatusAccepted {
				return fmt.Errorf("after resume: %d %s", status, q.Code)
			}
			return nil
		}); err != nil {
			t.Errorf("gateway %d: %v", g+1, err)
		}
	}
	p.drain(t)
}

// aWorkerIsDrained: it gets nothing new, the other does the work.
func aWorkerIsDrained(t *testing.T, d *dev) {
	p := newPerson(t, d, 24)
	fleet := list[operator.Worker](t, d.must(t, "worker", "ls", "-o", "json"))
	if len(fleet) != 2 {
		t.Fatalf("fleet = %+v", fleet)
	}
	d.must(t, "worker", "drain", fleet[0].ID, "--yes", "--reason", "a test")
	<-time.After(liveWithin)
	for i := range 4 {
		made := p.submit(t, int64(i))
		p.finish(t, made.TaskID)
		rec := read[operator.Task](t, d.must(t, "task", "get", string(made.TaskID), "-o", "json"))
		for _, a := range rec.Attempts {
			if a.Worker == fleet[0].ID {
				t.Errorf("the drained worker got attempt %d of %s", a.Number, rec.TaskID)
			}
		}
	}
	d.must(t, "worker", "undrain", fleet[0].ID, "--yes")
	if err := within(5*time.Second, func() error {
		ws := list[operator.Worker](t, d.must(t, "worker", "ls", "-o", "json"))
		if slices.ContainsFunc(ws, func(w operator.Worker) bool { return w.Drained }) {
			return fmt.Errorf("still drained: %+v", ws)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// watchingATask ends with 0 when the task succeeds.
func watchingATask(t *testing.T, d *dev) {
	p := newPerson(t, d, 25)
	made := p.submit(t, 1)
	if s := d.imgctl(t, "task", "watch", string(made.TaskID)); s.code != 0 {
		t.Errorf("watch: exit %d\n%s%s", s.code, s.out, s.err)
	}
	if s := d.imgctl(t, "task", "get", task.NewID()); s.code != 5 {
		t.Errorf("get of a task that never was: exit %d, want 5", s.code)
	}
}

// aFailedTaskIsWatched ends with 9, and the refusal reaches its owner.
func aFailedTaskIsWatched(t *testing.T, d *dev) {
	p := newPerson(t, d, 26)
	d.must(t, "provider", "weight", "broken", "100", "--yes")
	d.must(t, "provider", "disable", "mock", "--yes", "--reason", "a test")
	<-time.After(liveWithin)
	made := p.submit(t, 1)
	if s := d.imgctl(t, "task", "watch", string(made.TaskID)); s.code != 9 {
		t.Errorf("watch of a task that fails: exit %d, want 9\n%s%s", s.code, s.out, s.err)
	}
	doc := p.finish(t, made.TaskID)
	if doc.State != task.Failed || doc.Error == nil || doc.Error.Code == "" || doc.Error.Detail == "" {
		t.Errorf("failed task = %+v", doc)
	}
	d.must(t, "provider", "enable", "mock", "--yes")
	d.must(t, "provider", "weight", "broken", "--reset", "--yes")
}
