package intake

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAnAcceptedTaskIsInTheQueue(t *testing.T) {
	t.Parallel()
	f := open(t)
	req := f.request("")
	zero := int64(0)
	req.Options = task.Options{Aspect: "1:1", Steps: 10, CFG: 7.5, Seed: &zero, Note: "call 13800138000"}
	r := f.submit(t, req)
	if r.State != task.Queued || r.Version != 1 || r.Seed != 0 || r.ExpiresAt.Sub(r.CreatedAt) != 24*time.Hour {
		t.Errorf("record = %+v", r)
	}
	j, _, err := f.queue.Job(t.Context(), f.id, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if j.Style.ID != "ink" || j.Place.ID != "bund" || j.Options.Note != "call ***" || j.Network != "192.0.2.0/24" || j.Language != "en" ||
		j.CatalogVersion != 7 || j.CacheKey == "" || j.PhotoKey == "" || j.Fingerprint != "sha256:heron" {
		t.Errorf("job = %+v", j)
	}
	got, err := f.Get(t.Context(), f.id, r.ID)
	if err != nil || got.State != task.Queued {
		t.Errorf("get = %+v, err = %v", got, err)
	}
	if used, active := f.used(t); used != 1 || active != 1 {
		t.Errorf("used %d, active %d", used, active)
	}
}

func TestARequestIsChecked(t *testing.T) {
	t.Parallel()
	f := open(t)
	seed := func(n int64) *int64 { return &n }
	notReady := f.uploads.add(f.id, "", upload.Pending)
	others := f.uploads.add(session.ID(task.NewID()), "sha256:x", upload.Ready)
	for _, c := range []struct {
		name    string
		change  func(*Request)
		kind    fault.Kind
		code    fault.Code
		pointer string
	}{
		{"no upload", func(r *Request) { r.Upload = "" }, fault.Invalid, "invalid_request", "/uploadId"},
		{"no style", func(r *Request) { r.Style = "" }, fault.Invalid, "invalid_request", "/style"},
		{"style", func(r *Request) { r.Style = "x" }, fault.Unprocessable, "style_unknown", "/style"},
		{"place", func(r *Request) { r.Place = "x" }, fault.Unprocessable, "place_unknown", "/place"},
		{"aspect", func(r *Request) { r.Options.Aspect = "9:1" }, fault.Unprocessable, "options_invalid", "/options/aspect"},
		{"resolution", func(r *Request) { r.Options.Resolution = "9k" }, fault.Unprocessable, "options_invalid", "/options/resolution"},
		{"steps", func(r *Request) { r.Options.Steps = 51 }, fault.Unprocessable, "options_invalid", "/options/steps"},
		{"cfg", func(r *Request) { r.Options.CFG = 0.5 }, fault.Unprocessable, "options_invalid", "/options/cfg"},
		{"seed below", func(r *Request) { r.Options.Seed = seed(-1) }, fault.Unprocessable, "options_invalid", "/options/seed"},
		{"seed above", func(r *Request) { r.Options.Seed = seed(1 << 31) }, fault.Unprocessable, "options_invalid", "/options/seed"},
		{"note", func(r *Request) { r.Options.Note = strings.Repeat("鹭", 201) }, fault.Unprocessable, "options_invalid", "/options/note"},
		{"words", func(r *Request) { r.Options.Note = "forbidden" }, fault.Unprocessable, "note_refused", ""},
		{"unknown upload", func(r *Request) { r.Upload = task.UploadID(task.NewID()) }, fault.NotFound, "upload_not_found", ""},
		{"another's upload", func(r *Request) { r.Upload = others }, fault.NotFound, "upload_not_found", ""},
		{"upload not ready", func(r *Request) { r.Upload = notReady }, fault.Conflict, "upload_not_ready", ""},
		{"key with space", func(r *Request) { r.Key = "a b" }, fault.Invalid, "idempotency_key_invalid", "Idempotency-Key"},
		{"long key", func(r *Request) { r.Key = strings.Repeat("k", 256) }, fault.Invalid, "idempotency_key_invalid", "Idempotency-Key"},
	} {
		r := f.request("")
		c.change(&r)
		_, err := f.Submit(t.Context(), r)
		if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		} else if v := fault.As(err).Violations; c.pointer != "" && (len(v) != 1 || v[0].Pointer != c.pointer) {
			t.Errorf("%s: violations = %+v", c.name, v)
		}
	}
	if used, active := f.used(t); used != 0 || active != 0 {
		t.Errorf("refusals cost: used %d, active %d", used, active)
	}
	r := f.request("")
	r.Options.Note = strings.Repeat("鹭", 200)
	f.submit(t, r)
}

func TestAKeyMakesOneTask(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := f.submit(t, f.request("key"))
	again, err := f.Submit(t.Context(), f.request("key"))
	if err != nil || !again.Replayed || again.Record.ID != first.ID {
		t.Errorf("again = %+v, err = %v", again, err)
	}
	other := f.request("key")
	other.Style = "pixel"
	_, err = f.Submit(t.Context(), other)
	wantCode(t, err, fault.Unprocessable, "idempotency_mismatch")
	if used, active := f.used(t); used != 1 || active != 1 {
		t.Errorf("used %d, active %d", used, active)
	}
	f.finish(t, first.ID, task.Failed)
	again, err = f.Submit(t.Context(), f.request("key"))
	if err != nil || !again.Replayed || again.Record.State != task.Failed {
		t.Errorf("after the end: %+v, %v", again, err)
	}
	if _, err := f.queue.Erase(t.Context(), f.id, first.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.Submit(t.Context(), f.request("key"))
	wantCode(t, err, fault.Conflict, "task_deleted")
	stranger := f.request("key")
	stranger.Session = session.ID(task.NewID())
	stranger.Upload = f.uploads.add(stranger.Session, "sha256:x", upload.Ready)
	if r := f.submit(t, stranger); r.ID == first.ID {
		t.Error("another session's key finds this task")
	}
}

func TestAKeyIsLookedUpBeforeLimits(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.submit(t, f.request("key"))
	f.limits.Store(&policy.Limits{SessionDaily: 1, IPDaily: 1})
	f.policy.state.Intake.Paused = true
	f.uploads.remove(f.photo)
	r := f.request("key")
	r.Refusal = fault.New(fault.RateLimited)
	if a, err := f.Submit(t.Context(), r); err != nil || !a.Replayed {
		t.Errorf("a = %+v, err = %v", a, err)
	}
	r.Key = "another"
	if _, err := f.Submit(t.Context(), r); fault.CodeOf(err) != fault.RateLimited {
		t.Errorf("a new key past the limit: %v", err)
	}
}

func TestRetriesAtOnceMakeOneTask(t *testing.T) {
	t.Parallel()
	f := open(t)
	ids := make([]task.ID, 16)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			a, err := f.Submit(t.Context(), f.request("key"))
			if err != nil {
				t.Errorf("submit: %v", err)
				return
			}
			ids[i] = a.Record.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several tasks: %v", ids)
		}
	}
	if used, active := f.used(t); used != 1 || active != 1 {
		t.Errorf("used %d, active %d", used, active)
	}
}

// A crash between the ack of a job and anything else can leave a message id
// behind without a job. The retry must not wait for two minutes.
func TestAJobThatCameToNothingIsPublishedAgain(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := task.ID(task.DeriveID(string(f.id), "tasks", "key"))
	elsewhere := &task.Job{ID: task.ID(task.NewID()), Session: f.id}
	if _, _, err := f.queue.Submit(t.Context(), elsewhere, string(id)); err != nil {
		t.Fatal(err)
	}
	r := f.submit(t, f.request("key"))
	if j, _, err := f.queue.Job(t.Context(), f.id, r.ID); err != nil || r.ID != id || j.ID != id {
		t.Errorf("id = %s, job = %+v, err = %v", r.ID, j, err)
	}
}

func TestAPausedIntakeSaysWhenToReturn(t *testing.T) {
	t.Parallel()
	f := open(t)
	until := time.Now().Add(10 * time.Minute)
	f.policy.state.Intake = policy.Intake{Paused: true, Reason: "maintenance", Until: &until}
	_, err := f.Submit(t.Context(), f.request(""))
	wantCode(t, err, fault.Unavailable, "intake_paused")
	if retry := fault.As(err).RetryAfter; retry < 9*time.Minute || retry > 10*time.Minute {
		t.Errorf("retry after %v", retry)
	}
}

// Refused for the money, nothing was taken; what costs nothing is answered.
func TestATaskThatNobodyMayBePaidForIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := f.submit(t, f.request("key"))
	r := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	f.payable = func(task.ID, string) error { return fault.New(fault.BudgetExhausted).After(time.Hour) }
	other := f.request("other")
	other.Place = "wall"
	for range 2 { // it is not remembered under its key
		_, err := f.Submit(t.Context(), other)
		wantCode(t, err, fault.Unavailable, "budget_exhausted")
	}
	_, err := f.Regenerate(t.Context(), RegenerateRequest{Session: f.id, Client: other.Client, Task: r.ID})
	wantCode(t, err, fault.Unavailable, "budget_exhausted")
	if ids, err := f.queue.Tasks(t.Context(), f.id); err != nil || len(ids) != 2 {
		t.Errorf("tasks = %v, %v", ids, err)
	}
	if used, active := f.used(t); used != 2 || active != 1 {
		t.Errorf("used %d, active %d", used, active)
	}
	if r := f.submit(t, f.request("")); !r.Cached {
		t.Errorf("%+v is not the picture there is", r)
	}
	if a, err := f.Submit(t.Context(), f.request("key")); err != nil || !a.Replayed || a.Record.ID != first.ID {
		t.Errorf("replay = %+v, %v", a, err)
	}
	f.payable = func(task.ID, string) error { return nil }
	if r := f.submit(t, other); r.State != task.Queued {
		t.Errorf("accepted as %s", r.State)
	}
}

// A store that takes no pictures is given no new task, cached ones included,
// and nothing is used up. What a key was used for is answered.
func TestAStoreThatTakesNothingIsGivenNoTask(t *testing.T) {
	t.Parallel()
	for _, code := range []fault.Code{fault.StorageFull, fault.StorageUnavailable} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			f := open(t)
			first := f.submit(t, f.request("key"))
			r := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
			f.store.be(fault.New(code).After(time.Second))
			for _, key := range []string{"", "other", "other"} {
				_, err := f.Submit(t.Context(), f.request(key))
				wantCode(t, err, fault.Unavailable, code)
			}
			_, err := f.Regenerate(t.Context(), RegenerateRequest{Session: f.id, Client: f.request("").Client, Task: r.ID})
			wantCode(t, err, fault.Unavailable, code)
			if used, active := f.used(t); used != 2 || active != 1 {
				t.Errorf("used %d, active %d", used, active)
			}
			if a, err := f.Submit(t.Context(), f.request("key")); err != nil || !a.Replayed || a.Record.ID != first.ID {
				t.Errorf("replay = %+v, %v", a, err)
			}
			f.store.be(nil)
			f.submit(t, f.request("other"))
		})
	}
}

func TestAFullQueueGivesBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	if err := f.queue.SetDepth(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	f.submit(t, f.request(""))
	_, err := f.Submit(t.Context(), f.request(""))
	wantCode(t, err, fault.Unavailable, "queue_full")
	if used, active := f.used(t); used != 1 || active != 1 {
		t.Errorf("used %d, active %d", used, active)
	}
}

func TestQuotaAndAddressLimits(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.limits.Store(&policy.Limits{SessionDaily: 2, IPDaily: 3})
	f.submit(t, f.request(""))
	f.submit(t, f.request(""))
	for range 5 { // refusals of one session do not use up the address
		_, err := f.Submit(t.Context(), f.request(""))
		wantCode(t, err, fault.Limited, "quota_exceeded")
	}
	other := f.request("")
	other.Session = session.ID(task.NewID())
	other.Upload = f.uploads.add(other.Session, "sha256:x", upload.Ready)
	f.submit(t, other)
	_, err := f.Submit(t.Context(), other)
	wantCode(t, err, fault.Limited, "rate_limited")
}
