package upload

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	readyKept = 1 << 16 // ready uploads in memory, about 30 MB when full

	// readyFor bounds how long a ready upload is believed without asking.
	readyFor = time.Minute
)

// inspector checks and normalises a raw photo. It is gateway/judging, which waits for
// the photo's turn for as long as the context lasts. What has begun goes on.
type inspector interface {
	Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error)
}

// partials is what has arrived of resumable uploads; gateway/upload/partial
// keeps it.
type partials interface {
	Remove(s session.ID, id task.UploadID) (existed bool, err error)
	RemoveSession(s session.ID) (n int, err error)
}

// signer is what gateway/keys gives.
type signer interface {
	Sign(purpose string, msg []byte) []byte
}

// Deps are what Uploads works with.
type Deps struct {
	Engine        *engine.Engine
	Store         *store.Store
	Inspector     inspector
	Partials      partials // nil when nothing is resumable
	Keys          signer
	Limits        func() policy.Limits
	PolicyVersion func() string // of the privacy policy, from the catalogue
	Logger        *slog.Logger
	Registry      prometheus.Registerer
	Now           func() time.Time // time.Now when nil
}

// Uploads keeps the photos of sessions. Its bucket holds, for a session S,
// "S.<upload>" (the upload), "S.usage" (the bytes it has declared),
// "S.sha.<hex>" (which ready upload has these bytes), "S.body.<upload>" (that a
// body of it began, so that other gateways end theirs) and, for a moment,
// "S.gone.<upload>" (so that other gateways drop it from memory).
type Uploads struct {
	config    Config
	bucket    *engine.Bucket
	store     *store.Store
	inspector inspector
	partials  partials
	limits    func() policy.Limits
	policy    func() string
	log       *slog.Logger
	met       metrics
	now       func() time.Time
	ready     *otter.Cache[string, Upload]
	removals  *engine.Mirror[struct{}] // holds nothing: it keeps ready true
	running   running
	places    places
	demanding *demanding
	keys      signer
}

// Open prepares uploads.
func Open(ctx context.Context, c Config, d Deps) (*Uploads, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Logger = cmp.Or(d.Logger, slog.New(slog.DiscardHandler))
	if d.Partials == nil {
		d.Partials = noPartials{}
	}
	b, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: "uploads"})
	if err != nil {
		return nil, fmt.Errorf("open uploads: %w", err)
	}
	heavy, err := openDemanding(ctx, d.Engine, d.Logger)
	if err != nil {
		return nil, err
	}
	u := &Uploads{
		demanding: heavy, keys: d.Keys,
		config: c, bucket: b, store: d.Store, inspector: d.Inspector, partials: d.Partials, limits: d.Limits, policy: d.PolicyVersion,
		log: d.Logger, met: newMetrics(d.Registry), now: d.Now,
		ready: otter.Must(&otter.Options[string, Upload]{
			MaximumSize: readyKept, ExpiryCalculator: otter.ExpiryWriting[string, Upload](readyFor),
		}),
	}
	u.removals = engine.NewMirror(engine.MirrorConfig[struct{}]{Bucket: b, Filter: "*" + gonePart + "*", Read: u.removed})
	return u, nil
}

// Get finds an upload of a session. One of another session is like none:
// fault.UploadNotFound. Ready ones come from memory, unless a
// removal on another gateway may have been missed.
func (u *Uploads) Get(ctx context.Context, s session.ID, id task.UploadID) (Upload, error) {
	if !task.ValidID(string(s)) || !task.ValidID(string(id)) {
		return Upload{}, fault.New(fault.UploadNotFound)
	}
	key := uploadKey(s, id)
	if u.removals.Sighted() {
		if up, known := u.ready.GetIfPresent(key); known && u.now().Before(up.ExpiresAt) {
			return up, nil
		}
	}
	up, _, err := u.fetch(ctx, key)
	return up, err
}

// fetch reads an upload from the bucket.
func (u *Uploads) fetch(ctx context.Context, key string) (up Upload, revision uint64, err error) {
	e, err := u.bucket.Ask(ctx, key)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return Upload{}, 0, fault.New(fault.UploadNotFound)
	}
	if err != nil {
		return Upload{}, 0, fmt.Errorf("read upload: %w", err)
	}
	if err := json.Unmarshal(e.Value, &up); err != nil {
		return Upload{}, 0, fmt.Errorf("decode upload: %w", err)
	}
	if !u.now().Before(up.ExpiresAt) {
		return Upload{}, 0, fault.New(fault.UploadNotFound)
	}
	if up.Status == Ready {
		u.ready.Set(key, up)
	}
	return up, e.Revision, nil
}

// put writes an upload for as long as it lives.
func (u *Uploads) put(ctx context.Context, up Upload, expect uint64) error {
	value, err := json.Marshal(up)
	if err != nil {
		return fmt.Errorf("encode upload: %w", err)
	}
	if _, err := u.bucket.Put(ctx, uploadKey(up.Session, up.ID), value, expect, up.ExpiresAt.Sub(u.now())); err != nil {
		return fmt.Errorf("write upload: %w", err)
	}
	return nil
}

// List returns the uploads of a session, newest first.
func (u *Uploads) List(ctx context.Context, s session.ID) ([]Upload, error) {
	keys, err := u.bucket.Keys(ctx, string(s)+".*")
	if err != nil {
		return nil, fmt.Errorf("list uploads: %w", err)
	}
	var all []Upload
	for _, key := range keys {
		if strings.HasSuffix(key, usageSuffix) {
			continue
		}
		up, _, err := u.fetch(ctx, key)
		if err != nil && fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, up)
	}
	slices.SortFunc(all, func(a, b Upload) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return all, nil
}

// PutURL is where the client puts the bytes, with the headers that it must
// send; it needs no bearer.
func (u *Uploads) PutURL(up Upload) (url string, headers map[string]string) {
	return u.store.UploadURL(up.RawKey, up.ContentType, up.Size, up.ExpiresAt)
}

// noPartials is for gateways without resumable uploads.
type noPartials struct{}

func (noPartials) Remove(session.ID, task.UploadID) (bool, error) { return false, nil }
func (noPartials) RemoveSession(session.ID) (int, error)          { return 0, nil }

func uploadKey(s session.ID, id task.UploadID) string { return string(s) + "." + string(id) }
