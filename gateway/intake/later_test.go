package intake

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestRegenerateKeepsWhatIsNotGiven(t *testing.T) {
	t.Parallel()
	f := open(t)
	req := f.request("")
	seed := int64(7)
	req.Options = task.Options{Aspect: "1:1", Steps: 10, Seed: &seed, Note: "x"}
	from := f.finish(t, f.submit(t, req).ID, task.Succeeded)
	again := RegenerateRequest{Session: f.id, Client: req.Client, Task: from.ID, Key: "again"}
	a, err := f.Regenerate(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	r := a.Record
	if r.ID == from.ID || r.Cached || r.Seed == 7 || r.Style != "ink" || r.Options.Aspect != "1:1" || r.Options.Steps != 10 || r.Options.Note != "x" {
		t.Errorf("record = %+v", r)
	}
	if j, _, err := f.queue.Job(t.Context(), f.id, r.ID); err != nil || j.CacheKey != "" {
		t.Errorf("job = %+v, err = %v", j, err)
	}
	if b, err := f.Regenerate(t.Context(), again); err != nil || !b.Replayed || b.Record.ID != r.ID {
		t.Errorf("replay = %+v, %v", b, err)
	}
	style, nine := "pixel", int64(9)
	changed := again
	changed.Style = &style
	_, err = f.Regenerate(t.Context(), changed)
	wantCode(t, err, fault.Unprocessable, "idempotency_mismatch")
	changed.Key, changed.Options = "", &task.Options{Steps: 20, Seed: &nine}
	b, err := f.Regenerate(t.Context(), changed)
	if err != nil || b.Record.Style != "pixel" || b.Record.Options.Steps != 20 || b.Record.Options.Aspect != "1:1" || b.Record.Seed != 9 {
		t.Errorf("b = %+v, err = %v", b.Record, err)
	}
	f.uploads.remove(f.photo)
	changed.Key = "gone"
	_, err = f.Regenerate(t.Context(), changed)
	wantCode(t, err, fault.Gone, "upload_expired")
	changed.Session = session.ID(task.NewID())
	_, err = f.Regenerate(t.Context(), changed)
	wantCode(t, err, fault.NotFound, "task_not_found")
}

func TestCancel(t *testing.T) {
	t.Parallel()
	f := open(t)
	queued := f.submit(t, f.request(""))
	r, err := f.Cancel(t.Context(), f.id, queued.ID)
	if err != nil || r.State != task.Canceled || r.Version != 2 || r.FinishedAt == nil {
		t.Errorf("queued: %+v, %v", r, err)
	}
	if r.Stage != "canceled" { // as that of one that had started
		t.Errorf("stage %s", r.Stage)
	}
	if used, active := f.used(t); used != 0 || active != 0 {
		t.Errorf("not given back: used %d, active %d", used, active)
	}
	_, err = f.Cancel(t.Context(), f.id, queued.ID)
	wantCode(t, err, fault.Conflict, "task_finished")

	other := f.request("")
	other.Place = "wall"
	running := f.submit(t, other)
	running.Attempts = []task.Attempt{{Number: 1}}
	if err := running.To(task.Running, task.EventProgress); err != nil {
		t.Fatal(err)
	}
	if _, err := f.queue.Write(t.Context(), running, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 { // asking again changes nothing
		r, err = f.Cancel(t.Context(), f.id, running.ID)
		if err != nil || r.State != task.Running || !r.Canceling || r.Stage != task.StageCanceling || r.Version != 3 {
			t.Errorf("running: %+v, %v", r, err)
		}
	}
	_, err = f.Cancel(t.Context(), session.ID(task.NewID()), running.ID)
	wantCode(t, err, fault.NotFound, "task_not_found")
}

func TestListPagesNewestFirst(t *testing.T) {
	t.Parallel()
	f := open(t)
	var want []task.ID
	start := time.Now()
	for i := range 5 {
		f.now = func() time.Time { return start.Add(time.Duration(i) * time.Millisecond) } // what tells them apart
		want = append([]task.ID{f.submit(t, f.request("")).ID}, want...)
	}
	if _, err := f.queue.Erase(t.Context(), f.id, want[2]); err != nil {
		t.Fatal(err)
	}
	want = append(want[:2:2], want[3:]...)
	var got []task.ID
	cursor := ""
	for pages := 0; pages == 0 || cursor != ""; pages++ {
		page, next, err := f.List(t.Context(), f.id, 2, cursor)
		if err != nil || len(page) > 2 || pages > 5 {
			t.Fatalf("page %d: %v, err %v", pages, page, err)
		}
		for _, r := range page {
			got = append(got, r.ID)
		}
		cursor = next
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, bad := range []string{"x", "!!", strings.Repeat("a", 500), "MS4x"} {
		_, _, err := f.List(t.Context(), f.id, 2, bad)
		wantCode(t, err, fault.Invalid, "cursor_invalid")
	}
	if page, next, err := f.List(t.Context(), session.ID(task.NewID()), 0, ""); len(page) != 0 || next != "" || err != nil {
		t.Errorf("a stranger sees %v", page)
	}
}

func TestFeedback(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.submit(t, f.request(""))
	wantCode(t, f.Feedback(t.Context(), f.id, r.ID, "like"), fault.Conflict, "task_not_finished")
	f.finish(t, r.ID, task.Succeeded)
	for _, rating := range []string{"1", "5", "like", "dislike"} {
		if err := f.Feedback(t.Context(), f.id, r.ID, rating); err != nil {
			t.Errorf("%s: %v", rating, err)
		}
	}
	wantCode(t, f.Feedback(t.Context(), f.id, r.ID, "6"), fault.Unprocessable, "rating_invalid")
	wantCode(t, f.Feedback(t.Context(), session.ID(task.NewID()), r.ID, "like"), fault.NotFound, "task_not_found")
	if err := f.EraseSession(t.Context(), f.id); err != nil {
		t.Fatal(err)
	}
	if _, err := f.feedback.Get(t.Context(), feedbackKey(f.id, r.ID)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("feedback is left: %v", err)
	}
	if entries, _, err := f.CacheStats(t.Context()); err != nil || entries != 0 {
		t.Errorf("%d entries, err = %v", entries, err)
	}
}

func FuzzCursors(f *testing.F) {
	f.Add(cursor{1, "x"}.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, sent string) {
		p, err := parseCursor(sent)
		if err == nil && sent != "" && !task.ValidID(string(p.id)) {
			t.Fatalf("%q gives %+v", sent, p)
		}
	})
}

// Dispatch counts what it ends; what ends here never comes to it as something
// to end.
func TestWhatEndsHereIsCountedHereOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	for range 2 {
		if _, err := f.Submit(t.Context(), f.request("again")); err != nil { // the second is a replay
			t.Fatal(err)
		}
	}
	other := f.request("")
	other.Style = "pixel"
	queued := f.submit(t, other)
	for range 2 {
		_, _ = f.Cancel(t.Context(), f.id, queued.ID)
	}
	f.ended.mu.Lock()
	defer f.ended.mu.Unlock()
	if !slices.Equal(f.ended.all, []string{"succeeded cached", "canceled"}) {
		t.Errorf("counted %v", f.ended.all)
	}
}
