package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/gateway/erasure"
	"github.com/imgfleet/imgfleet/gateway/intake"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// world is everything behind the interface, in memory: sessions whose token is
// their id, uploads, tasks with their revisions, objects.
type world struct {
	mu        sync.Mutex
	sessions  map[string]bool
	erased    map[session.ID]bool
	uploads   map[task.UploadID]*upload.Upload
	tasks     map[task.ID]*fakeTask
	order     []task.ID
	keys      map[string]task.ID
	objects   map[string][]byte
	limits    policy.Limits
	catalog   *catalog.Document
	state     policy.State
	allow     func(ratelimit.Action) (ratelimit.Window, error)
	elsewhere atomic.Int64 // streams at other gateways
	counted   []string     // "post 1.2.3.4"
	explode   bool         // Submit panics
	received  int64
	lost      chan struct{} // closed while the engine is lost; nil is never
}

type fakeTask struct {
	owner     session.ID
	revisions []*task.Record
	readers   []*fakeFollower
}

func newWorld() *world {
	return &world{
		sessions: make(map[string]bool), erased: make(map[session.ID]bool),
		uploads: make(map[task.UploadID]*upload.Upload), tasks: make(map[task.ID]*fakeTask),
		keys: make(map[string]task.ID), objects: make(map[string][]byte),
		limits: limit.Defaults(), catalog: testCatalog(),
	}
}

func testCatalog() *catalog.Document {
	return &catalog.Document{
		Version: 7, PolicyVersion: "2026-11",
		Styles: []catalog.Style{
			{ID: "ink", Name: catalog.Text{ZH: "水墨", EN: "Ink wash"}, Description: catalog.Text{ZH: "浓淡之间", EN: "Shades of black"}, Palette: []string{"#1a1a1a", "#6b6b6b", "#f4f1ea"}},
			{ID: "oil", Name: catalog.Text{ZH: "油画", EN: "Oil"}, Description: catalog.Text{ZH: "厚重笔触", EN: "Thick strokes"}, Palette: []string{"#3b2314", "#a8562a", "#f2c572"}},
		},
		Places: []catalog.Place{
			{ID: "west-lake", Name: catalog.Text{ZH: "西湖", EN: "West Lake"}, Description: catalog.Text{ZH: "断桥残雪", EN: "Broken bridge"}, Palette: []string{"#1f4e5f", "#79a8a9", "#f4f7f7"}},
			{ID: "bund", Name: catalog.Text{ZH: "外滩", EN: "The Bund"}, Description: catalog.Text{ZH: "夜色", EN: "At night"}, Palette: []string{"#14213d", "#3a5a98", "#fca311"}},
		},
		Options: catalog.Options{Aspect: []string{"original", "1:1"}, Resolution: []string{"1k", "2k"}, Steps: [2]int{1, 50}, CFG: [2]float64{1, 20}, NoteLength: 200},
	}
}

func (w *world) Create(_ context.Context, r session.CreateRequest) (session.Created, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Crowded != nil {
		return session.Created{}, r.Crowded
	}
	if r.Solution == "wrong" {
		return session.Created{}, fault.New(fault.ChallengeRequired)
	}
	id, renewed := r.Bearer, w.sessions[r.Bearer]
	if !renewed {
		id = task.NewID()
	}
	w.sessions[id] = true
	return session.Created{ID: session.ID(id), Token: id, ExpiresAt: time.Now().Add(time.Hour), Renewed: renewed}, nil
}

func (w *world) Verify(_ context.Context, token string) (session.Identity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.sessions[token] {
		return session.Identity{}, fault.New(fault.TokenInvalid)
	}
	if w.erased[session.ID(token)] {
		return session.Identity{}, fault.New(fault.SessionErased)
	}
	return session.Identity{ID: session.ID(token), ExpiresAt: time.Now().Add(time.Hour)}, nil
}

func (w *world) LinkCode(context.Context, session.Identity) (string, time.Time, error) {
	return "code-1", time.Now().Add(time.Minute), nil
}

func (w *world) Ticket(id session.ID, t task.ID, _ time.Time) string {
	return string(id) + "." + string(t)
}

func (w *world) VerifyTicket(_ context.Context, ticket string, t task.ID) (session.ID, error) {
	owner, of, _ := strings.Cut(ticket, ".")
	if of != string(t) {
		return "", fault.New(fault.TicketInvalid)
	}
	return session.ID(owner), nil
}

func (w *world) Allow(a ratelimit.Action, from ratelimit.Client) (ratelimit.Window, error) {
	w.mu.Lock()
	w.counted = append(w.counted, string(a)+" "+from.Addr.String())
	w.mu.Unlock()
	if w.allow != nil {
		return w.allow(a)
	}
	return ratelimit.Window{Limit: 120, Remaining: 119, Length: time.Minute, Reset: 59500 * time.Millisecond}, nil
}

func (w *world) Holds(session.ID, int64) int64 { return w.elsewhere.Load() }

func (w *world) Return(a ratelimit.Action, from ratelimit.Client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counted = append(w.counted, "not "+string(a)+" "+from.Addr.String())
}

func (w *world) Of(context.Context, session.ID) (quota.Usage, error) {
	return quota.Usage{Daily: 20, Used: 1, Active: 1, ActiveLimit: 3, ResetsAt: time.Now().Add(time.Hour)}, nil
}

func (w *world) Catalog() *catalog.Document { return w.catalog }
func (w *world) State() *policy.State       { return &w.state }
func (w *world) Limits() policy.Limits      { return w.limits }

// fakeUploads is the upload stage of a world.
type fakeUploads struct{ *world }

func (w fakeUploads) Create(_ context.Context, s session.ID, r upload.CreateRequest) (upload.Upload, bool, error) {
	if !r.Consent.Given {
		return upload.Upload{}, false, fault.New(fault.ConsentRequired).At("/consent", fault.FieldRequired, "consent is needed")
	}
	if r.Size <= 0 {
		return upload.Upload{}, false, fault.New(fault.InvalidRequest)
	}
	if r.Size > w.limits.MaxUploadBytes {
		return upload.Upload{}, false, fault.New(fault.UploadTooLarge)
	}
	id := task.UploadID(task.NewID())
	prefix := string(s) + "/uploads/" + string(id)
	u := upload.Upload{
		ID: id, Session: s, Status: upload.Pending, ContentType: r.ContentType, Size: r.Size, SHA256: r.SHA256, Metadata: r.Metadata,
		RawKey: prefix + "/raw", PhotoKey: prefix + "/photo.jpg", CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, known := range w.uploads {
		if r.SHA256 != "" && known.SHA256 == r.SHA256 && known.Session == s {
			return *known, true, nil
		}
	}
	w.uploads[id] = &u
	return u, false, nil
}

func (w fakeUploads) Get(_ context.Context, s session.ID, id task.UploadID) (upload.Upload, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.uploads[id]
	if u == nil || u.Session != s {
		return upload.Upload{}, fault.New(fault.UploadNotFound)
	}
	return *u, nil
}

func (w fakeUploads) Complete(ctx context.Context, s session.ID, _ netip.Addr, id task.UploadID) (upload.Upload, error) {
	if _, err := w.Get(ctx, s, id); err != nil {
		return upload.Upload{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.uploads[id]
	raw, ok := w.objects[u.RawKey]
	if !ok {
		return upload.Upload{}, fault.New(fault.UploadIncomplete)
	}
	u.Status, u.Width, u.Height, u.Fingerprint = upload.Ready, 640, 480, "sha256:00"
	w.objects[u.PhotoKey] = raw
	return *u, nil
}

func (w fakeUploads) PutURL(u upload.Upload) (string, map[string]string) {
	return fmt.Sprintf("/files/%s?e=1&c=%s&z=%d&s=PUT", u.RawKey, url.QueryEscape(u.ContentType), u.Size), map[string]string{"Content-Type": u.ContentType}
}

func (w fakeUploads) Receive(_ context.Context, g store.Grant, body io.Reader, length int64, _ func()) error {
	switch {
	case strings.Contains(g.Key, "/complete/"):
		return fault.New(fault.UploadAlreadyComplete)
	case length > g.Size:
		return fault.New(fault.UploadTooLarge)
	case length < g.Size:
		return fault.New(fault.UploadSizeMismatch)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received += int64(len(b))
	w.objects[g.Key] = b
	return nil
}

func (w fakeUploads) Begin(context.Context, upload.Upload, func(error)) (func(), error) {
	return func() {}, nil
}

// fakeStore is the object store of a world. The signature of a URL is its
// method.
type fakeStore struct{ *world }

func (w fakeStore) URL(key string, _ time.Time) string { return "/files/" + key + "?e=1&s=GET" }

func (w fakeStore) Verify(_ context.Context, method, key string, q url.Values, now time.Time) (store.Grant, error) {
	if method == "HEAD" {
		method = "GET"
	}
	if q.Get("s") != method {
		return store.Grant{}, fault.New(fault.SignatureInvalid)
	}
	size, _ := strconv.ParseInt(q.Get("z"), 10, 64)
	most, _ := strconv.ParseInt(q.Get("m"), 10, 64)
	until, err := strconv.Atoi(q.Get("left"))
	if err != nil {
		until = 1e6
	}
	return store.Grant{Key: key, ContentType: q.Get("c"), Size: size, MaxBytes: most, Until: now.Add(time.Duration(until) * time.Second)}, nil
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

func (w fakeStore) Open(_ context.Context, key string) (*store.Object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, ok := w.objects[key]
	if !ok {
		return nil, fault.New(fault.ObjectNotFound)
	}
	return &store.Object{ReadSeekCloser: nopCloser{bytes.NewReader(b)}, Size: int64(len(b)), ModTime: time.Unix(1e9, 0), ContentType: "image/jpeg", ETag: "abc"}, nil
}

func (w fakeStore) Put(_ context.Context, key string, r io.Reader, _ int64) (int64, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.objects[key] = b
	return int64(len(b)), nil
}

// fakeIntake is the intake of a world.
type fakeIntake struct{ *world }

func (w fakeIntake) Submit(_ context.Context, r intake.Request) (intake.Accepted, error) {
	if w.explode {
		panic("a bug")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if id, ok := w.keys[string(r.Session)+r.Key]; ok && r.Key != "" {
		return intake.Accepted{Record: w.tasks[id].last(), Replayed: true}, nil
	}
	if r.Refusal != nil {
		return intake.Accepted{}, r.Refusal
	}
	u := w.uploads[r.Upload]
	if u == nil || u.Session != r.Session {
		return intake.Accepted{}, fault.New(fault.UploadNotFound)
	}
	if _, ok := w.catalog.Style(r.Style); !ok {
		return intake.Accepted{}, fault.New(fault.StyleUnknown).At("/style", fault.FieldUnknown, "no such style")
	}
	rec := &task.Record{
		ID: task.ID(task.NewID()), Session: r.Session, Version: 1, Event: task.EventQueued, State: task.Queued, Stage: task.StageQueued,
		CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour), Upload: r.Upload, Style: r.Style, Place: r.Place, Options: r.Options,
		Queue: &task.Position{Position: 3, P50: 4, P90: 9},
	}
	w.tasks[rec.ID] = &fakeTask{owner: r.Session, revisions: []*task.Record{rec}}
	w.order = append(w.order, rec.ID)
	w.keys[string(r.Session)+r.Key] = rec.ID
	return intake.Accepted{Record: rec}, nil
}

func (w fakeIntake) Regenerate(ctx context.Context, r intake.RegenerateRequest) (intake.Accepted, error) {
	old, err := w.Get(ctx, r.Session, r.Task)
	if err != nil {
		return intake.Accepted{}, err
	}
	return w.Submit(ctx, intake.Request{Session: r.Session, Key: r.Key, Upload: old.Upload, Style: old.Style, Place: old.Place, Options: old.Options})
}

func (w fakeIntake) Get(_ context.Context, s session.ID, id task.ID) (*task.Record, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.tasks[id]
	if t == nil || t.owner != s || t.last().Deleted {
		return nil, fault.New(fault.TaskNotFound)
	}
	return t.last(), nil
}

func (w fakeIntake) List(_ context.Context, s session.ID, limit int, _ string) ([]*task.Record, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var page []*task.Record
	for _, id := range slices.Backward(w.order) {
		if t := w.tasks[id]; t.owner == s && len(page) < limit {
			page = append(page, t.last())
		}
	}
	return page, "", nil
}

func (w fakeIntake) Cancel(ctx context.Context, s session.ID, id task.ID) (*task.Record, error) {
	r, err := w.Get(ctx, s, id)
	if err != nil {
		return nil, err
	}
	if r.State.Terminal() {
		return nil, fault.New(fault.TaskFinished)
	}
	return r, nil
}

func (w fakeIntake) Feedback(ctx context.Context, s session.ID, id task.ID, _ string) error {
	_, err := w.Get(ctx, s, id)
	return err
}

type fakeEraser struct{ *world }

func (w fakeEraser) Task(ctx context.Context, s session.ID, id task.ID) (erasure.Receipt, error) {
	if _, err := fakeIntake(w).Get(ctx, s, id); err != nil {
		return erasure.Receipt{}, err
	}
	w.publish(id, func(r *task.Record) { *r = *r.Tombstone(); r.Version-- })
	return erasure.Receipt{ReceiptID: "r1", Tasks: 1, Objects: 2, At: time.Now()}, nil
}

func (w fakeEraser) Upload(ctx context.Context, s session.ID, id task.UploadID) (erasure.Receipt, error) {
	if _, err := fakeUploads(w).Get(ctx, s, id); err != nil {
		return erasure.Receipt{}, err
	}
	return erasure.Receipt{ReceiptID: "r2", Uploads: 1, At: time.Now()}, nil
}

func (w fakeEraser) Session(_ context.Context, s session.ID) (erasure.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.erased[s] = true
	return erasure.Receipt{ReceiptID: "r3", At: time.Now()}, nil
}
