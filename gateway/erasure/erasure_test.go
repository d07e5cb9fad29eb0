package erasure

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	realintake "github.com/imgfleet/imgfleet/gateway/intake"
	"github.com/imgfleet/imgfleet/gateway/keys"
	"github.com/imgfleet/imgfleet/gateway/policy"
	realqueue "github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/disk"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// worker judges every photo as good.
type worker struct{ store *store.Store }

func (w *worker) Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	key := strings.TrimPrefix(r.PhotoURL[:strings.IndexByte(r.PhotoURL, '?')], "http://127.0.0.1:1/files/")
	_, err := w.store.Put(ctx, key, strings.NewReader("photo"), 1<<20)
	return workerrpc.Inspected{Width: 8, Height: 8, ContentType: "image/jpeg", Fingerprint: "sha256:" + strings.Repeat("0", 64)}, err
}

type operator struct{ state policy.State }

func (o *operator) State() *policy.State        { return &o.state }
func (o *operator) Fresh(context.Context) error { return nil }
func (o *operator) Catalog() *catalog.Document  { return catalog.Builtin() }

func (o *operator) Words(int) *catalog.Document { return nil }

type words struct{}

func (words) Check(_ context.Context, s string) (string, error) { return s, nil }

// deleted counts pictures that were removed one by one.
type deleted struct{ n atomic.Int64 }

func (d *deleted) Choose(*policy.State, task.SessionID) (policy.Arm, *task.Arm) {
	return policy.Arm{}, nil
}

func (d *deleted) Feedback(_ task.Arm, c experiment.Counts) { d.n.Add(c.Deleted) }

type fixture struct {
	*Eraser
	fuse    *fuse
	engine  *engine.Engine
	store   *store.Store
	queue   *realqueue.Queue
	session *session.Sessions
	quota   *quota.Accounts
	uploads *upload.Uploads
	intake  *realintake.Intake
	deleted *deleted
	id      session.ID
	token   string
	photo   upload.Upload
}

func open(t *testing.T) *fixture {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	must(err)
	t.Cleanup(e.Close)
	f := &fixture{engine: e, deleted: new(deleted)}
	ring, err := keys.Open(t.Context(), e)
	must(err)
	onDisk, err := disk.Open(disk.Config{Dir: t.TempDir()})
	must(err)
	f.fuse = new(fuse)
	driver := &fusedDriver{Driver: onDisk, fuse: f.fuse}
	sc := store.Defaults()
	sc.InternalURL = "http://127.0.0.1:1"
	f.store, err = store.New(sc, store.Deps{Driver: driver, Keys: ring})
	must(err)
	f.queue, err = realqueue.Open(t.Context(), e, 0, slog.New(slog.DiscardHandler), nil)
	must(err)
	f.quota, err = quota.Open(t.Context(), quota.Deps{Engine: e, Tasks: f.queue, Limits: limit.Defaults})
	must(err)
	f.session, err = session.Open(t.Context(), session.Defaults(), session.Deps{Engine: e, Keys: ring, OnCreate: f.quota.Begin})
	must(err)
	f.uploads, err = upload.Open(t.Context(), upload.Defaults(), upload.Deps{
		Engine: e, Store: f.store, Keys: ring, Inspector: &worker{f.store}, Limits: limit.Defaults, PolicyVersion: func() string { return "1" },
	})
	must(err)
	f.intake, err = realintake.Open(t.Context(), realintake.Defaults(), realintake.Deps{
		Engine: e, Queue: f.queue, Uploads: f.uploads, Quota: f.quota, Limiter: ratelimit.New(limit.Defaults, nil),
		Text: words{}, Policy: &operator{}, Store: f.store, Arms: f.deleted,
	})
	must(err)
	f.Eraser, err = Open(t.Context(), Deps{
		Engine: e, Queue: fusedQueue{f.queue, f.fuse}, Intake: fusedIntake{f.intake, f.fuse}, Uploads: fusedUploads{f.uploads, f.fuse},
		Sessions: fusedSessions{f.session, f.fuse}, Quota: fusedAccounts{f.quota, f.fuse}, Store: f.store,
	})
	must(err)
	c, err := f.session.Create(t.Context(), session.CreateRequest{})
	must(err)
	f.id, f.token = c.ID, c.Token
	up, _, err := f.uploads.Create(t.Context(), f.id, upload.CreateRequest{ContentType: "image/jpeg", Size: 3, Consent: upload.Consent{Given: true}})
	must(err)
	must(f.uploads.Receive(t.Context(), store.Grant{Key: up.RawKey, Size: 3}, strings.NewReader("raw"), 3, func() {}))
	f.photo, err = f.uploads.Complete(t.Context(), f.id, netip.Addr{}, up.ID)
	must(err)
	return f
}

func (f *fixture) submit(t *testing.T, style int) *task.Record {
	t.Helper()
	doc := catalog.Builtin()
	a, err := f.intake.Submit(t.Context(), realintake.Request{
		Session: f.id, Client: netip.MustParseAddr("192.0.2.1"), Upload: f.photo.ID, Style: doc.Styles[style].ID, Place: doc.Places[0].ID, Key: string(rune('a' + style)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.Record
}

// succeed plays the dispatcher and a worker.
func (f *fixture) succeed(t *testing.T, r *task.Record) {
	t.Helper()
	j, _, err := f.queue.Job(t.Context(), f.id, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	prefix := string(f.id) + "/tasks/" + string(r.ID) + "/1"
	r.Result = &task.Result{ImageKey: prefix + ".jpg", ThumbnailKey: prefix + ".thumb.jpg"}
	ended := time.Now()
	r.Attempts = []task.Attempt{{Number: 1, Outcome: task.OK, EndedAt: &ended}}
	for _, key := range []string{prefix + ".jpg", prefix + ".thumb.jpg", prefix + ".json"} {
		if _, err := f.store.Put(t.Context(), key, strings.NewReader("x"), 10); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.To(task.Succeeded, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.queue.Write(t.Context(), r, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.intake.Settle(t.Context(), j, r); err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("err = %v, want %v %s", err, kind, code)
	}
}

func (f *fixture) wantQuota(t *testing.T, used, active int64) {
	t.Helper()
	q, err := f.quota.Of(t.Context(), f.id)
	if err != nil || q.Used != used || q.Active != active {
		t.Errorf("quota = %+v, err = %v, want used %d active %d", q, err, used, active)
	}
}

func TestADeletedTaskIsGoneAndStillCounts(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.submit(t, 0)
	f.succeed(t, r)
	receipt, err := f.Task(t.Context(), f.id, r.ID)
	if err != nil || receipt.Tasks != 1 || receipt.Objects != 3 || receipt.ReceiptID == "" || receipt.At.IsZero() {
		t.Fatalf("receipt = %+v, err = %v", receipt, err)
	}
	_, err = f.intake.Get(t.Context(), f.id, r.ID)
	wantCode(t, err, fault.NotFound, "task_not_found")
	f.wantQuota(t, 1, 0)
	if err := f.quota.Erase(t.Context(), f.id); err != nil { // computed from the tombstone
		t.Fatal(err)
	}
	f.wantQuota(t, 1, 0)
	_, err = f.Task(t.Context(), f.id, r.ID)
	wantCode(t, err, fault.NotFound, "task_not_found")
	doc := catalog.Builtin()
	again := realintake.Request{Session: f.id, Upload: f.photo.ID, Style: doc.Styles[0].ID, Place: doc.Places[0].ID, Key: "a"}
	_, err = f.intake.Submit(t.Context(), again)
	wantCode(t, err, fault.Conflict, "task_deleted")
	again.Key = "fresh"
	if a, err := f.intake.Submit(t.Context(), again); err != nil || a.Record.Cached {
		t.Errorf("a deleted picture is given from the cache: %+v, %v", a.Record, err)
	}
}

func TestAQueuedTaskIsDeletedAndGivenBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.submit(t, 0)
	f.wantQuota(t, 1, 1)
	if _, err := f.Task(t.Context(), f.id, r.ID); err != nil {
		t.Fatal(err)
	}
	f.wantQuota(t, 0, 0)
	if rec, _, err := f.queue.Lookup(t.Context(), f.id, r.ID); err != nil || !rec.Deleted || rec.Charged || rec.Style != "" {
		t.Errorf("tombstone = %+v, err = %v", rec, err)
	}
}

func TestARunningTaskIsCanceledAndDeleted(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.submit(t, 0)
	r.Attempts = []task.Attempt{{Number: 1}}
	if err := r.To(task.Running, task.EventProgress); err != nil {
		t.Fatal(err)
	}
	if _, err := f.queue.Write(t.Context(), r, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Task(t.Context(), f.id, r.ID); err != nil {
		t.Fatal(err)
	}
	f.wantQuota(t, 1, 0)
	late := string(f.id) + "/tasks/" + string(r.ID) + "/1.jpg"
	if _, err := f.store.Put(t.Context(), late, strings.NewReader("x"), 10); err != nil {
		t.Fatal(err) // the worker could not be stopped
	}
	if err := f.Finish(t.Context(), time.Now().Add(secondPass+time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.Stat(t.Context(), late); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what came late is still there: %v", err)
	}
}

func TestAnotherSessionsTaskIsNotFound(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.submit(t, 0)
	stranger := session.ID(task.NewID())
	_, err := f.Task(t.Context(), stranger, r.ID)
	wantCode(t, err, fault.NotFound, "task_not_found")
	_, err = f.Upload(t.Context(), stranger, f.photo.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	for _, id := range []task.ID{"", "*", ">", "../x"} {
		_, err := f.Task(t.Context(), f.id, id)
		wantCode(t, err, fault.NotFound, "task_not_found")
	}
}

func TestADeletedPhotoLeavesItsPictures(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.submit(t, 0)
	f.succeed(t, r)
	if receipt, err := f.Upload(t.Context(), f.id, f.photo.ID); err != nil || receipt.Uploads != 1 || receipt.Objects != 1 {
		t.Errorf("receipt = %+v, err = %v", receipt, err)
	}
	if _, err := f.store.Stat(t.Context(), r.Result.ImageKey); err != nil {
		t.Errorf("the picture is gone: %v", err)
	}
}

func (f *fixture) wantNothing(t *testing.T) {
	t.Helper()
	if n, err := f.store.DeletePrefix(t.Context(), string(f.id)+"/"); n != 0 || err != nil {
		t.Errorf("%d objects were left, err %v", n, err)
	}
	if ups, err := f.uploads.List(t.Context(), f.id); len(ups) != 0 || err != nil {
		t.Errorf("uploads %v are left, err %v", ups, err)
	}
	if all, _, err := f.intake.List(t.Context(), f.id, 0, ""); len(all) != 0 || err != nil {
		t.Errorf("tasks %v are left, err %v", all, err)
	}
	_, err := f.session.Verify(t.Context(), f.token)
	wantCode(t, err, fault.Unauthenticated, "session_erased")
	for _, c := range []engine.BucketConfig{ // as their owners chose them
		{Name: "cache", MaxAge: 24 * time.Hour},
		{Name: "feedback", MaxAge: 90 * 24 * time.Hour},
		{Name: "ledger", Memory: true, MaxAge: 48 * time.Hour, MaxBytes: 256 << 20},
		{Name: "grants"},
	} {
		b, err := f.engine.Bucket(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range b.Entries(t.Context(), ">") {
			if err != nil || strings.Contains(e.Key, string(f.id)) || strings.Contains(string(e.Value), string(f.id)) {
				t.Errorf("%s is left in %s, err %v", e.Key, c.Name, err)
			}
		}
	}
}

func (f *fixture) fill(t *testing.T) {
	t.Helper()
	done := f.submit(t, 0)
	f.succeed(t, done)
	f.submit(t, 1)
	if err := f.intake.Feedback(t.Context(), f.id, done.ID, "like"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.quota.Grant(t.Context(), f.id, "order", 3, ""); err != nil {
		t.Fatal(err)
	}
}

func TestAnErasedSessionLeavesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.fill(t)
	receipt, err := f.Session(t.Context(), f.id)
	if err != nil || receipt.Tasks != 2 || receipt.Uploads != 1 || receipt.Objects != 4 {
		t.Errorf("receipt = %+v, err = %v", receipt, err)
	}
	f.wantNothing(t)
}

// Whoever deletes a picture did not like it; whoever leaves takes all of them.
func TestOnlyAPictureDeletedByItselfSpeaksOfItsArm(t *testing.T) {
	t.Parallel()
	f := open(t)
	arm := &task.Arm{Experiment: "sky", Name: "a", Book: "sky-1"}
	one, two := f.submit(t, 0), f.submit(t, 1)
	for _, r := range []*task.Record{one, two} {
		r.Arm = arm
		f.succeed(t, r)
	}
	for range 2 {
		_, _ = f.Task(t.Context(), f.id, one.ID)
	}
	if n := f.deleted.n.Load(); n != 1 {
		t.Errorf("counted %d times", n)
	}
	if _, err := f.Session(t.Context(), f.id); err != nil {
		t.Fatal(err)
	}
	if n := f.deleted.n.Load(); n != 1 {
		t.Errorf("after the session was erased: %d", n)
	}
}
