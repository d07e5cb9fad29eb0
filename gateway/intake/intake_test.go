package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	realqueue "github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type fakeUploads struct {
	mu  sync.Mutex
	all map[task.UploadID]upload.Upload
}

func (f *fakeUploads) Get(_ context.Context, s session.ID, id task.UploadID) (upload.Upload, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if up, known := f.all[id]; known && up.Session == s {
		return up, nil
	}
	return upload.Upload{}, fault.New(fault.NotFound, "upload_not_found")
}

func (f *fakeUploads) add(s session.ID, fingerprint string, status upload.Status) task.UploadID {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := task.UploadID(task.NewID())
	f.all[id] = upload.Upload{ID: id, Session: s, Status: status, Fingerprint: fingerprint, PhotoKey: string(s) + "/uploads/" + string(id) + "/photo.jpg"}
	return id
}

func (f *fakeUploads) remove(id task.UploadID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, id)
}

type fakeText struct{}

func (fakeText) Check(_ context.Context, s string) (string, error) {
	if strings.Contains(s, "forbidden") {
		return "", fault.New(fault.Unprocessable, "note_refused")
	}
	return strings.ReplaceAll(s, "13800138000", "***"), nil
}

type fakePolicy struct {
	state   policy.State
	catalog catalog.Document
}

func (f *fakePolicy) State() *policy.State       { return &f.state }
func (f *fakePolicy) Catalog() *catalog.Document { return &f.catalog }

type fakeStore struct {
	mu     sync.Mutex
	copied map[string]string
	err    error
}

func (f *fakeStore) Copy(_ context.Context, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copied[to] = from
	return f.err
}

type fixture struct {
	*Intake
	engine  *engine.Engine
	queue   *realqueue.Queue
	uploads *fakeUploads
	policy  *fakePolicy
	store   *fakeStore
	ledger  *session.Ledger
	limits  atomic.Pointer[policy.Limits]
	id      session.ID
	photo   task.UploadID
}

func open(t testing.TB) *fixture {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	q, err := realqueue.Open(t.Context(), e, 100_000, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{
		engine: e, queue: q, uploads: &fakeUploads{all: map[task.UploadID]upload.Upload{}}, store: &fakeStore{copied: map[string]string{}},
		id: session.ID(task.NewID()),
		policy: &fakePolicy{catalog: catalog.Document{
			Version: 7,
			Styles:  []catalog.Style{{ID: "ink"}, {ID: "pixel"}}, Places: []catalog.Place{{ID: "bund"}, {ID: "wall"}},
			Options: catalog.Options{
				Aspect: []string{"1:1", "3:4"}, Resolution: []string{"1k"}, Steps: [2]int{1, 50}, CFG: [2]float64{1, 20}, NoteLength: 200,
			},
		}},
	}
	limits := policy.DefaultLimits()
	limits.SessionActive = 100
	f.limits.Store(&limits)
	f.photo = f.uploads.add(f.id, "sha256:heron", upload.Ready)
	current := func() policy.Limits { return *f.limits.Load() }
	f.ledger, err = session.OpenLedger(t.Context(), session.LedgerDeps{Engine: e, Tasks: q, Limits: current})
	if err != nil {
		t.Fatal(err)
	}
	f.Intake, err = Open(t.Context(), Defaults(), Deps{
		Engine: e, Queue: q, Uploads: f.uploads, Ledger: f.ledger, Limiter: session.NewLimiter(current, nil),
		Text: fakeText{}, Policy: f.policy, Store: f.store,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) request(key string) Request {
	return Request{
		Session: f.id, Client: netip.MustParseAddr("192.0.2.1"), Language: "en-US", Key: key, Upload: f.photo, Style: "ink", Place: "bund",
	}
}

func (f *fixture) submit(t testing.TB, r Request) *task.Record {
	t.Helper()
	a, err := f.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a.Record
}

// finish plays the dispatcher: it ends a task and settles it.
func (f *fixture) finish(t testing.TB, id task.ID, s task.State) *task.Record {
	t.Helper()
	j, _, err := f.queue.Job(t.Context(), f.id, id)
	if err != nil {
		t.Fatal(err)
	}
	r, revision, err := f.queue.Lookup(t.Context(), f.id, id)
	if err != nil {
		t.Fatal(err)
	}
	if s == task.Succeeded {
		prefix := string(f.id) + "/tasks/" + string(id) + "/1"
		r.Result = &task.Result{ImageKey: prefix + ".jpg", ThumbnailKey: prefix + ".thumb.jpg", Width: 8, Height: 8}
		r.Progress = 100
	}
	if err := r.To(s, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.queue.Write(t.Context(), r, revision); err != nil {
		t.Fatal(err)
	}
	if err := f.Settle(t.Context(), j, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (f *fixture) used(t testing.TB) (used, active int64) {
	t.Helper()
	q, err := f.ledger.Quota(t.Context(), f.id)
	if err != nil {
		t.Fatal(err)
	}
	return q.Used, q.Active
}

// eventually polls for what the mirror of cached answers does.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !done(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // the mirror announces nothing
	}
}

func wantCode(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("err = %v, want %v %s", err, kind, code)
	}
}

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
		code    string
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
	r.Refusal = fault.New(fault.Limited, "rate_limited")
	if a, err := f.Submit(t.Context(), r); err != nil || !a.Replayed {
		t.Errorf("a = %+v, err = %v", a, err)
	}
	r.Key = "another"
	if _, err := f.Submit(t.Context(), r); fault.CodeOf(err) != "rate_limited" {
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

func TestAnEqualRequestIsAnsweredFromTheCache(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	a, err := f.Submit(t.Context(), f.request("again"))
	if err != nil {
		t.Fatal(err)
	}
	r := a.Record
	if !r.Cached || r.State != task.Succeeded || r.Version != 1 || r.Progress != 100 || r.ID == first.ID || r.Seed != first.Seed {
		t.Errorf("record = %+v", r)
	}
	if !strings.HasPrefix(r.Result.ImageKey, string(f.id)+"/tasks/"+string(r.ID)+"/") || f.store.copied[r.Result.ImageKey] != first.Result.ImageKey {
		t.Errorf("result = %+v, copied %v", r.Result, f.store.copied)
	}
	if got, err := f.Get(t.Context(), f.id, r.ID); err != nil || !got.Cached {
		t.Errorf("got %+v, %v", got, err)
	}
	if a, err := f.Submit(t.Context(), f.request("again")); err != nil || !a.Replayed || a.Record.ID != r.ID {
		t.Errorf("replay: %+v, %v", a, err)
	}
	if used, active := f.used(t); used != 1 || active != 0 {
		t.Errorf("a cached answer is not free: used %d, active %d", used, active)
	}
	samePhoto := f.request("")
	samePhoto.Upload = f.uploads.add(f.id, "sha256:heron", upload.Ready)
	if r := f.submit(t, samePhoto); !r.Cached {
		t.Error("the same photo uploaded again is not recognised")
	}
}

func TestTheCacheKnowsDifferences(t *testing.T) {
	t.Parallel()
	f := open(t)
	seed := int64(7)
	f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	stranger := session.ID(task.NewID())
	theirs := f.uploads.add(stranger, "sha256:heron", upload.Ready)
	for name, change := range map[string]func(*Request){
		"style": func(r *Request) { r.Style = "pixel" },
		"place": func(r *Request) { r.Place = "wall" },
		"seed":  func(r *Request) { r.Options.Seed = &seed },
		"steps": func(r *Request) { r.Options.Steps = 9 },
		"note":  func(r *Request) { r.Options.Note = "x" },
		"photo": func(r *Request) { r.Upload = f.uploads.add(f.id, "sha256:crane", upload.Ready) },
		"owner": func(r *Request) { r.Session, r.Upload = stranger, theirs },
	} {
		r := f.request("")
		change(&r)
		if f.submit(t, r).Cached {
			t.Errorf("%s: answered from the cache", name)
		}
	}
	f.policy.catalog.Version++
	if f.submit(t, f.request("")).Cached {
		t.Error("an older catalogue's picture is given")
	}
}

func TestCachedAnswersDieWithTheirSource(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]func(*fixture, *task.Record) error{
		"task": func(f *fixture, r *task.Record) error { _, err := f.queue.Erase(t.Context(), f.id, r.ID); return err },
		"photo": func(f *fixture, r *task.Record) error {
			f.uploads.remove(r.Upload)
			f.photo = f.uploads.add(f.id, "sha256:heron", upload.Ready)
			return nil
		},
		"picture": func(f *fixture, _ *task.Record) error {
			f.store.err = fault.New(fault.NotFound, "object_not_found")
			return nil
		},
		"purge":  func(f *fixture, _ *task.Record) error { _, err := f.PurgeCache(t.Context(), Purge{}); return err },
		"forget": func(f *fixture, r *task.Record) error { return f.Forget(t.Context(), r) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			r := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
			if err := kill(f, r); err != nil {
				t.Fatal(err)
			}
			if f.submit(t, f.request("")).Cached {
				t.Error("answered from the cache")
			}
		})
	}
}

func TestDegradedAndFailedResultsAreNotCached(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.finish(t, f.submit(t, f.request("")).ID, task.Failed)
	id := f.submit(t, f.request("")).ID
	j, _, _ := f.queue.Job(t.Context(), f.id, id)
	r := j.Accepted()
	r.State, r.Degraded = task.Succeeded, true
	if err := f.Settle(t.Context(), j, r); err != nil {
		t.Fatal(err)
	}
	if f.submit(t, f.request("")).Cached {
		t.Error("answered from the cache")
	}
}

func TestOtherGatewaysHearOfCachedAnswers(t *testing.T) {
	t.Parallel()
	f := open(t)
	other, err := Open(t.Context(), Defaults(), Deps{
		Engine: f.engine, Queue: f.queue, Uploads: f.uploads, Ledger: f.ledger, Limiter: session.NewLimiter(policy.DefaultLimits, nil),
		Text: fakeText{}, Policy: f.policy, Store: f.store,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- other.Run(ctx) }()
	eventually(t, "the mirror is whole", other.cache.awake.Load)
	r := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	key := string(f.id) + "." + cacheKey(r.Fingerprint, r.Style, r.Place, r.Options, r.CatalogVersion)
	eventually(t, "the mirror hears", func() bool { return other.cache.maybe(key) })
	a, err := other.Submit(t.Context(), f.request(""))
	if err != nil || !a.Record.Cached {
		t.Errorf("a = %+v, err = %v", a.Record, err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
}

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
	if err := f.ForgetSession(t.Context(), f.id); err != nil {
		t.Fatal(err)
	}
	if _, err := f.feedback.Get(t.Context(), feedbackKey(f.id, r.ID)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("feedback is left: %v", err)
	}
	if stats, err := f.CacheStats(t.Context()); err != nil || stats.Entries != 0 {
		t.Errorf("stats = %+v, err = %v", stats, err)
	}
}

func TestOperatorsSeeAndPurgeTheCache(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	r := f.request("")
	r.Style = "pixel"
	f.finish(t, f.submit(t, r).ID, task.Succeeded)
	if stats, err := f.CacheStats(t.Context()); err != nil || stats.Entries != 2 || stats.Sessions != 1 || stats.Styles["ink"] != 1 {
		t.Errorf("stats = %+v, err = %v", stats, err)
	}
	for _, c := range []struct {
		purge Purge
		want  int
	}{{Purge{Session: session.ID(task.NewID())}, 0}, {Purge{Style: "ink"}, 1}, {Purge{Session: f.id}, 1}, {Purge{}, 0}} {
		if n, err := f.PurgeCache(t.Context(), c.purge); n != c.want || err != nil {
			t.Errorf("%+v: %d removed, want %d, err %v", c.purge, n, c.want, err)
		}
	}
}

func FuzzCursors(f *testing.F) {
	f.Add(place{1, "x"}.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parseCursor(cursor)
		if err == nil && cursor != "" && !task.ValidID(string(p.id)) {
			t.Fatalf("%q gives %+v", cursor, p)
		}
	})
}

func benchmark(b *testing.B, limits policy.Limits, key func() string) {
	b.Helper()
	f := open(b)
	f.limits.Store(&limits)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	go func() { _ = f.Run(ctx) }()
	eventually(b, "the mirror is whole", f.cache.awake.Load)
	b.ResetTimer()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := f.request(key())
			r.Session = session.ID(task.NewID())
			r.Upload = f.uploads.add(r.Session, "sha256:x", upload.Ready)
			f.ledger.Born(r.Session)
			if _, err := f.Submit(b.Context(), r); err != nil {
				b.Error(err)
			}
			f.uploads.remove(r.Upload)
		}
	})
}

func BenchmarkSubmit(b *testing.B) {
	benchmark(b, policy.Limits{SessionDaily: 20, SessionActive: 3}, func() string { return "" })
}

func BenchmarkSubmitWithKey(b *testing.B) { benchmark(b, policy.Limits{SessionDaily: 20}, task.NewID) }

func BenchmarkSubmitWithoutLimits(b *testing.B) {
	benchmark(b, policy.Limits{}, func() string { return "" })
}

func BenchmarkBarePublish(b *testing.B) {
	f := open(b)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			d := &draft{Request: f.request(""), id: task.ID(task.NewID())}
			j := f.job(d)
			if _, _, err := f.queue.Submit(b.Context(), j, string(j.ID)); err != nil {
				b.Error(err)
			}
		}
	})
}
