package upload

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/disk"
	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

type ring struct{}

func (ring) Sign(purpose string, msg []byte) []byte {
	h := hmac.New(sha256.New, []byte(purpose))
	h.Write(msg)
	return h.Sum(nil)[:16]
}

func (r ring) Verify(_ context.Context, purpose string, msg, mac []byte) (bool, error) {
	return hmac.Equal(r.Sign(purpose, msg), mac), nil
}

// judge is a worker: it reads the raw object through the store and writes the
// normalised one.
type judge struct {
	store *store.Store
	calls atomic.Int64
	last  atomic.Value // of which request the last photo was
	turn  atomic.Value // with whom it took turns
	err   error
	asked chan struct{} // of every photo, while gate is not nil
	gate  chan struct{} // not nil: wait for it
}

// hold makes the worker wait once it is asked, until gate is closed.
func (j *judge) hold() { j.asked, j.gate = make(chan struct{}, 16), make(chan struct{}) }

func (j *judge) Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	ctx = context.WithoutCancel(ctx) // what has begun goes on
	j.calls.Add(1)
	j.last.Store(r.RequestID)
	j.turn.Store(r.Turn)
	if j.gate != nil {
		j.asked <- struct{}{}
		<-j.gate
	}
	if j.err != nil {
		return workerrpc.Inspected{}, j.err
	}
	o, err := j.store.Open(ctx, keyOf(r.RawURL))
	if err != nil {
		return workerrpc.Inspected{}, err
	}
	defer func() { _ = o.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, o); err != nil {
		return workerrpc.Inspected{}, err
	}
	if _, err := j.store.Put(ctx, keyOf(r.PhotoURL), strings.NewReader("normalised"), 1<<20); err != nil {
		return workerrpc.Inspected{}, err
	}
	return workerrpc.Inspected{
		Width: 640, Height: 480, ContentType: "image/png", Fingerprint: "sha256:" + hex.EncodeToString(h.Sum(nil)), PHash: "ff",
	}, nil
}

func keyOf(raw string) string {
	u, _ := url.Parse(raw)
	_, key, _ := strings.Cut(u.Path, "/files/")
	return key
}

type fixture struct {
	*Uploads
	engine *engine.Engine
	judge  *judge
	limits policy.Limits
	clock  atomic.Int64 // nanoseconds added
	tell   func()       // whenever the time is asked for, when not nil
	id     session.ID
	dir    string // of the objects
	room   *room.Room
}

func open(t testing.TB, change func(*Config, *policy.Limits)) *fixture {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return openOn(t, e, change)
}

// openOn prepares uploads on an engine that the test has.
func openOn(t testing.TB, e *engine.Engine, change func(*Config, *policy.Limits)) *fixture {
	t.Helper()
	f := &fixture{engine: e, limits: limit.Defaults(), id: session.ID(task.NewID()), dir: t.TempDir()}
	d, err := disk.Open(disk.Config{Dir: f.dir})
	if err != nil {
		t.Fatal(err)
	}
	f.room = d.Room()
	sc := store.Defaults()
	sc.InternalURL = "http://127.0.0.1:1"
	s, err := store.New(sc, store.Deps{Driver: d, Keys: ring{}})
	if err != nil {
		t.Fatal(err)
	}
	f.judge = &judge{store: s}
	c := Defaults()
	if change != nil {
		change(&c, &f.limits)
	}
	f.Uploads = f.gateway(t, c)
	return f
}

func (f *fixture) gateway(t testing.TB, c Config) *Uploads {
	t.Helper()
	u, err := Open(t.Context(), c, Deps{
		Engine: f.engine, Store: f.judge.store, Keys: ring{}, Inspector: f.judge, Limits: func() policy.Limits { return f.limits },
		PolicyVersion: func() string { return "2026-01" },
		Now: func() time.Time {
			if f.tell != nil {
				f.tell()
			}
			return time.Now().Add(time.Duration(f.clock.Load()))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func request(body string) CreateRequest {
	return CreateRequest{ContentType: "image/jpeg", Size: int64(len(body)), Consent: Consent{Given: true}}
}

func (f *fixture) create(t testing.TB, body string) Upload {
	t.Helper()
	up, _, err := f.Create(t.Context(), f.id, request(body))
	if err != nil {
		t.Fatal(err)
	}
	return up
}

// send PUTs through the signed URL, as httpapi does.
func (f *fixture) send(t testing.TB, up Upload, body io.Reader, length int64) error {
	t.Helper()
	return f.Receive(t.Context(), f.grant(t, up), body, length, func() {})
}

func (f *fixture) ready1(t testing.TB, body string) Upload {
	t.Helper()
	up := f.create(t, body)
	if err := f.send(t, up, strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	up, err := f.Complete(t.Context(), f.id, up.ID)
	if err != nil {
		t.Fatal(err)
	}
	return up
}

func wantCode(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("err = %v, want %v %s", err, kind, code)
	}
}

// Complete is that of a client without an address.
func (f *fixture) Complete(ctx context.Context, s session.ID, id task.UploadID) (Upload, error) {
	return f.Uploads.Complete(ctx, s, netip.Addr{}, id)
}
