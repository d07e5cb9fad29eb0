package intake

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/campaign"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/policy"
	realqueue "github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
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
	return upload.Upload{}, fault.New(fault.UploadNotFound)
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
		return "", fault.New(fault.NoteRefused)
	}
	return strings.ReplaceAll(s, "13800138000", "***"), nil
}

type fakePolicy struct {
	state   policy.State
	catalog catalog.Document
	words   map[int]*catalog.Document
}

func (f *fakePolicy) Fresh(context.Context) error { return nil }
func (f *fakePolicy) State() *policy.State        { return &f.state }
func (f *fakePolicy) Catalog() *catalog.Document  { return &f.catalog }

func (f *fakePolicy) Words(version int) *catalog.Document { return f.words[version] }

// operatorState is the policy with the limits, as campaigns see it.
type operatorState struct {
	*fakePolicy
	limits func() policy.Limits
}

func (o operatorState) Limits() policy.Limits      { return o.limits() }
func (o operatorState) QueueDepth(time.Time) int64 { return o.limits().QueueDepth }
func (o operatorState) Changed() <-chan struct{}   { return nil }

type fakeStore struct {
	mu     sync.Mutex
	copied map[string]string
	err    error
	away   error
}

func (f *fakeStore) Accepts() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}

func (f *fakeStore) be(away error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = away
}

func (f *fakeStore) Copy(_ context.Context, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copied[to] = from
	return f.err
}

// fakeArms sums up what was thought of each arm.
type fakeArms struct {
	mu  sync.Mutex
	sum map[string]experiment.Counts
}

func (f *fakeArms) Choose(state *policy.State, s task.SessionID) (policy.Arm, *task.Arm) {
	return experiment.Choose(state, s, experiment.ByWeight)
}

func (f *fakeArms) Feedback(arm task.Arm, c experiment.Counts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := f.sum[arm.Name]
	sum.Add(c)
	f.sum[arm.Name] = sum
}

func (f *fakeArms) of(arm string) experiment.Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sum[arm]
}

type fixture struct {
	*Intake
	arms    *fakeArms
	engine  *engine.Engine
	queue   *realqueue.Queue
	uploads *fakeUploads
	policy  *fakePolicy
	store   *fakeStore
	quota   *quota.Accounts
	keeper  *campaign.Keeper
	limits  atomic.Pointer[policy.Limits]
	id      session.ID
	photo   task.UploadID
	ended   fakeTally
}

// fakeTally remembers what was counted.
type fakeTally struct {
	mu  sync.Mutex
	all []string // "state cached?"
}

func (f *fakeTally) Ended(r *task.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what := string(r.State)
	if r.Cached {
		what += " cached"
	}
	f.all = append(f.all, what)
}

func open(t testing.TB) *fixture {
	t.Helper()
	return openIn(t, t.TempDir())
}

func openIn(t testing.TB, dir string) *fixture {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: dir, Replicas: 1, Interval: time.Minute})
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
		id: session.ID(task.NewID()), arms: &fakeArms{sum: map[string]experiment.Counts{}},
		policy: &fakePolicy{catalog: catalog.Document{
			Version: 7,
			Styles:  []catalog.Style{{ID: "ink"}, {ID: "pixel"}}, Places: []catalog.Place{{ID: "bund"}, {ID: "wall"}},
			Options: catalog.Options{
				Aspect: []string{"1:1", "3:4"}, Resolution: []string{"1k"}, Steps: [2]int{1, 50}, CFG: [2]float64{1, 20}, NoteLength: 200,
			},
		}},
	}
	limits := limit.Defaults()
	limits.SessionActive = 100
	f.limits.Store(&limits)
	f.photo = f.uploads.add(f.id, "sha256:heron", upload.Ready)
	current := func() policy.Limits { return *f.limits.Load() }
	f.quota, err = quota.Open(t.Context(), quota.Deps{Engine: e, Tasks: q, Limits: current})
	if err != nil {
		t.Fatal(err)
	}
	f.keeper = campaign.New(campaign.Deps{Engine: e, Policy: operatorState{f.policy, current}, Queue: q, Logger: slog.New(slog.DiscardHandler)})
	f.Intake, err = Open(t.Context(), Defaults(), Deps{
		Engine: e, Queue: q, Uploads: f.uploads, Quota: f.quota, Limiter: ratelimit.New(current, nil),
		Text: fakeText{}, Policy: f.policy, Store: f.store, Arms: f.arms, Campaigns: f.keeper, Tally: &f.ended,
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
	q, err := f.quota.Of(t.Context(), f.id)
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

func wantCode(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("err = %v, want %v %s", err, kind, code)
	}
}
