package erasure

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// queue is what gateway/queue gives.
type queue interface {
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	Erase(ctx context.Context, s task.SessionID, id task.ID) (existed bool, err error)
	SignalCancel(s task.SessionID, id task.ID) error
}

// intake is what gateway/intake gives.
type intake interface {
	Cancel(ctx context.Context, s session.ID, id task.ID) (*task.Record, error)
	Erase(ctx context.Context, r *task.Record) error
	Removed(r *task.Record)
	EraseSession(ctx context.Context, s session.ID) error
}

// uploads is what gateway/upload gives.
type uploads interface {
	Get(ctx context.Context, s session.ID, id task.UploadID) (upload.Upload, error)
	Remove(ctx context.Context, s session.ID, id task.UploadID) (objects int, err error)
	RemoveAll(ctx context.Context, s session.ID) (uploads, objects int, err error)
}

// sessions is what gateway/session gives.
type sessions interface {
	MarkErased(ctx context.Context, id session.ID) error
}

// accounts is what gateway/quota gives.
type accounts interface {
	Finish(ctx context.Context, s session.ID, id task.ID, charged bool) error
	Erase(ctx context.Context, s session.ID) error
}

// objects is what gateway/store gives.
type objects interface {
	Remove(ctx context.Context, prefix string) (store.Removed, error)
}

// Deps are what the eraser works with.
type Deps struct {
	Engine   *engine.Engine
	Queue    queue
	Intake   intake
	Uploads  uploads
	Sessions sessions
	Quota    accounts
	Store    objects
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil

	// Retention bounds how long a removal is remembered. The sweep of the store
	// removes what is written later than that. 0 is no bound.
	Retention time.Duration
}

// Receipt counts what was removed.
type Receipt struct {
	ReceiptID string
	Uploads   int
	Tasks     int
	Objects   int
	Cached    int // pictures that a CDN was asked to purge; it may serve them a little longer
	At        time.Time
}

// Eraser removes tasks, uploads and whole sessions. It first marks them, so
// that nothing uses or restores them, then removes the data, then gives the
// receipt. A removal that was interrupted is finished by the next request for
// it, or by Run. Run also removes what a worker wrote too late.
type Eraser struct {
	deps   Deps
	later  *engine.Bucket
	erased *prometheus.CounterVec
}

// Open prepares the eraser.
func Open(ctx context.Context, d Deps) (*Eraser, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Logger = cmp.Or(d.Logger, slog.New(slog.DiscardHandler))
	later, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: "erasing", MaxAge: laterKept})
	if err != nil {
		return nil, fmt.Errorf("open erasure: %w", err)
	}
	return &Eraser{deps: d, later: later, erased: telemetry.For(d.Registry, "erasure").Counters("removed", "Things removed on request, by kind.", "kind")}, nil
}

// Task cancels a task if it runs, and removes it. A task that does not exist,
// or that was removed completely before, is fault.TaskNotFound.
func (e *Eraser) Task(ctx context.Context, s session.ID, id task.ID) (Receipt, error) {
	notFound := fault.New(fault.TaskNotFound)
	if !task.ValidID(string(s)) || !task.ValidID(string(id)) {
		return Receipt{}, notFound
	}
	r, _, err := e.deps.Queue.Lookup(ctx, s, id)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return Receipt{}, notFound
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("erase task: %w", err)
	}
	if !r.Deleted {
		if err := e.remember(ctx, taskKey(s, id)); err != nil {
			return Receipt{}, err
		}
	}
	n, err := e.task(ctx, r)
	if err != nil {
		return Receipt{}, fmt.Errorf("erase task: %w", err)
	}
	if r.Deleted && n.Objects == 0 {
		return Receipt{}, notFound
	}
	if !r.Deleted {
		e.deps.Intake.Removed(r)
	}
	e.complete(ctx, taskKey(s, id))
	return e.receipt(Receipt{Tasks: 1, Objects: n.Objects, Cached: n.Cached}), nil
}

// task removes one task. Given a tombstone, it removes what an earlier removal
// left behind.
func (e *Eraser) task(ctx context.Context, r *task.Record) (store.Removed, error) {
	if !r.Deleted {
		if err := e.mark(ctx, r); err != nil {
			return store.Removed{}, err
		}
	}
	return e.deps.Store.Remove(ctx, string(r.Session)+"/tasks/"+string(r.ID)+"/")
}

// mark cancels the task and replaces its record by a tombstone. Whatever can
// only be found by the record is removed before that. The task's run does not
// settle the quota of a removed task, so it is settled here.
func (e *Eraser) mark(ctx context.Context, r *task.Record) error {
	if !r.State.Terminal() {
		_, err := e.deps.Intake.Cancel(ctx, r.Session, r.ID)
		if k := fault.KindOf(err); err != nil && k != fault.Conflict && k != fault.NotFound {
			return fmt.Errorf("cancel: %w", err)
		}
	}
	if err := e.deps.Intake.Erase(ctx, r); err != nil {
		return err
	}
	if _, err := e.deps.Queue.Erase(ctx, r.Session, r.ID); err != nil {
		return fmt.Errorf("leave tombstone: %w", err)
	}
	if err := e.deps.Queue.SignalCancel(r.Session, r.ID); err != nil {
		e.deps.Logger.Warn("dispatcher could not be woken", "task", r.ID, "err", err)
	}
	tombstone, _, err := e.deps.Queue.Lookup(ctx, r.Session, r.ID)
	if err != nil {
		return fmt.Errorf("read tombstone: %w", err)
	}
	return e.deps.Quota.Finish(ctx, r.Session, r.ID, tombstone.Counts())
}

// Upload removes one photo. Pictures that were made of it stay, but are no
// longer given as cached answers. A photo that does not exist is
// fault.UploadNotFound.
func (e *Eraser) Upload(ctx context.Context, s session.ID, id task.UploadID) (Receipt, error) {
	_, err := e.deps.Uploads.Get(ctx, s, id)
	known := err == nil
	if !known && fault.KindOf(err) != fault.NotFound {
		return Receipt{}, fmt.Errorf("erase upload: %w", err)
	}
	if known { // before the removal: without the record, only the note names the bytes
		if err := e.remember(ctx, uploadKey(s, id)); err != nil {
			return Receipt{}, err
		}
	}
	n, err := e.deps.Uploads.Remove(ctx, s, id)
	if err != nil {
		return Receipt{}, fmt.Errorf("erase upload: %w", err)
	}
	if known {
		e.complete(ctx, uploadKey(s, id))
	}
	return e.receipt(Receipt{Uploads: 1, Objects: n}), nil
}

// Session removes everything a session owns. Its tokens stop working first.
func (e *Eraser) Session(ctx context.Context, s session.ID) (Receipt, error) {
	if !task.ValidID(string(s)) {
		return Receipt{}, fault.New(fault.SessionNotFound)
	}
	if err := e.remember(ctx, sessionKey(s)); err != nil { // before the token stops working: nobody can ask again
		return Receipt{}, err
	}
	r, err := e.session(ctx, s)
	if err != nil {
		return Receipt{}, fmt.Errorf("erase session: %w", err)
	}
	e.complete(ctx, sessionKey(s))
	return e.receipt(r), nil
}

// session removes step after step and stops at the first that fails: each of the
// others would wait for the same engine or store. What is left is removed later.
func (e *Eraser) session(ctx context.Context, s session.ID) (r Receipt, err error) {
	if err := e.deps.Sessions.MarkErased(ctx, s); err != nil {
		return r, fmt.Errorf("end the session: %w", err)
	}
	ids, err := e.deps.Queue.Tasks(ctx, s)
	if err != nil {
		return r, fmt.Errorf("list tasks: %w", err)
	}
	for _, id := range ids {
		rec, _, err := e.deps.Queue.Lookup(ctx, s, id)
		if err != nil && fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return r, err
		}
		n, err := e.task(ctx, rec)
		r.Objects += n.Objects
		r.Cached += n.Cached
		if err != nil {
			return r, err
		}
		if !rec.Deleted {
			r.Tasks++
		}
	}
	uploads, n, err := e.deps.Uploads.RemoveAll(ctx, s)
	r.Uploads = uploads
	r.Objects += n
	if err != nil {
		return r, err
	}
	rest, err := e.deps.Store.Remove(ctx, string(s)+"/")
	r.Objects += rest.Objects
	r.Cached += rest.Cached
	if err != nil {
		return r, err
	}
	if err := e.deps.Intake.EraseSession(ctx, s); err != nil {
		return r, err
	}
	return r, e.deps.Quota.Erase(ctx, s)
}

// receipt completes a receipt and logs it. The log does not name the session.
func (e *Eraser) receipt(r Receipt) Receipt {
	r.ReceiptID, r.At = task.NewID(), e.deps.Now().UTC()
	e.erased.WithLabelValues("tasks").Add(float64(r.Tasks))
	e.erased.WithLabelValues("uploads").Add(float64(r.Uploads))
	e.erased.WithLabelValues("objects").Add(float64(r.Objects))
	e.deps.Logger.Info("erased", "receipt", r.ReceiptID, "tasks", r.Tasks, "uploads", r.Uploads, "objects", r.Objects, "cdn_pending", r.Cached)
	return r
}
