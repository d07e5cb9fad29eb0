package e2e_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// TestEverythingSurvivesARestart stops dev in the middle of a task, starts it
// again on the same data, and finds everything where it was.
func TestEverythingSurvivesARestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	settings := config(t, "latency=3s&jitter=0s&steps=10", nil)
	first := start(t, data, "--config", settings)
	p := newPerson(t, first, 1)
	finished := p.finish(t, p.submit(t, 1).TaskID)
	picture := p.fetch(t, finished.Result.ImageURL)
	adminToken := readFile(t, filepath.Join(data, "admin.token"))
	if info, err := os.Stat(filepath.Join(data, "admin.token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin token: %v, %v, want mode 0600", info.Mode(), err)
	}
	first.must(t, "quota", "set", "--session-daily", "7", "--yes")

	running := p.submit(t, 2)
	wish := p.wish(3)
	wish.Key = "before-the-restart"
	waiting, err := p.Submit(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	before, err := follow(t.Context(), p.Session, running.TaskID, 0, func(client.Event) bool { seen++; return seen == 3 })
	if err != nil {
		t.Fatal(err)
	}
	code, took := first.interrupt(t)
	if code != 0 || took > drainPromise+liveWithin {
		t.Errorf("SIGINT: exit %d after %v, want 0 within %v", code, took, drainPromise)
	}
	if err := first.gone(liveWithin); err != nil {
		t.Errorf("after SIGINT %v", err)
	}

	second := start(t, data, "--config", settings, "--gateways", "2")
	if got := readFile(t, filepath.Join(data, "admin.token")); got != adminToken {
		t.Error("the admin token changed")
	}
	s := p.Via(second.api(t, 0))
	after, err := follow(t.Context(), s, running.TaskID, before[len(before)-1].Version(), atTheEnd)
	if err != nil || after[0].Name == "snapshot" || after[len(after)-1].Name != "succeeded" {
		t.Errorf("the cut stream after the restart: %s, %v", sequence(after), err)
	}
	unbroken(t, before[0].Version(), append(before[1:], after...))
	t.Logf("%s | restart | %s", sequence(before), sequence(after))

	if again, err := s.Submit(t.Context(), wish); err != nil || again.TaskID != waiting.TaskID || !again.Replayed {
		t.Errorf("the key from before: %s replayed %v, %v, want %s", again.TaskID, again.Replayed, err, waiting.TaskID)
	}
	other := p.Via(second.api(t, 1))
	if doc, err := other.Wait(t.Context(), waiting.TaskID); err != nil || doc.State != task.Succeeded {
		t.Errorf("the accepted task ended as %s, %v", doc.State, err)
	}
	doc, err := other.Get(t.Context(), finished.TaskID)
	if err != nil || doc.State != task.Succeeded {
		t.Fatalf("the finished task: %+v, %v", doc, err)
	}
	moved := &person{Session: s, api: second.api(t, 1)}
	for _, url := range []string{doc.Result.ImageURL, finished.Result.ImageURL} {
		if string(moved.fetch(t, url)) != string(picture) {
			t.Error("the picture changed over the restart")
		}
	}
	if q, err := s.Quota(t.Context()); err != nil || q.Daily != 7 || q.Used != 3 || q.Active != 0 {
		t.Errorf("quota = %+v, %v, want 3 of 7 used", q, err)
	}
	if err := s.Renew(t.Context()); err != nil || s.ID() != p.ID() {
		t.Errorf("renewed as %s, %v, want %s", s.ID(), err, p.ID())
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}
