package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytedance/sonic"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// heartbeatTTL is how long a worker is believed after its last heartbeat.
const heartbeatTTL = 5 * time.Second

// failedSaid is how often a worker is named that does not judge photos.
const failedSaid = 10 * time.Second

// Member is a worker, as its last heartbeat describes it.
type Member struct {
	workerrpc.Heartbeat
	SkewMS   int64     `json:"skewMs,omitempty"` // by which its clock is behind that of the gateway that heard it, milliseconds
	LastSeen time.Time `json:"lastSeen"`
}

// Skew is by how much a worker's clock is behind, with the time that its
// heartbeat took; negative when it is ahead.
func (m Member) Skew() time.Duration { return time.Duration(m.SkewMS) * time.Millisecond }

// caller reaches one worker by address.
type caller interface {
	Inspect(ctx context.Context, addr string, r workerrpc.InspectRequest) (workerrpc.Inspected, error)
}

// Fleet is the live set of workers.
type Fleet struct {
	bucket  *engine.Bucket
	members *engine.Mirror[Member]
	call    caller
	log     *slog.Logger
	failed  telemetry.SeldomOf // workers that judge no photos, which was said
	judging load               // photos that each worker judges for this gateway
	heard   atomic.Int64       // when a heartbeat last reached this gateway, in nanoseconds since 1970
}

// Open makes the bucket when it is missing.
func Open(ctx context.Context, e *engine.Engine, call caller, log *slog.Logger, reg prometheus.Registerer) (*Fleet, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "fleet", Memory: true})
	if err != nil {
		return nil, err
	}
	f := &Fleet{bucket: b, call: call, log: log, failed: telemetry.SeldomOf{Every: failedSaid}, members: engine.NewMirror(engine.MirrorConfig[Member]{
		Bucket: b, Filter: "worker.*", Read: member, Same: offersSame, Outlives: Member.live,
	})}
	if reg != nil {
		reg.MustRegister(newWorkers(f))
	}
	return f, nil
}

// member reads a heartbeat. A member counts as seen when its heartbeat arrives
// here: the engine's clock may be another machine's. What cannot be read is as
// good as no heartbeat.
func member(_ context.Context, e engine.Entry) (Member, bool, error) {
	var m Member
	err := sonic.Unmarshal(e.Value, &m)
	m.LastSeen = time.Now()
	return m, err == nil, nil
}

// live reports whether a member is still believed.
func (m Member) live() bool { return time.Since(m.LastSeen) < heartbeatTTL }

// offersSame reports whether nothing changed that a choice of worker depends
// on. The load does change, but the dispatcher knows more about that.
func offersSame(a, b Member) bool {
	return a.Address == b.Address && a.Region == b.Region && a.Capacity == b.Capacity && a.Draining == b.Draining && a.Inspects == b.Inspects &&
		slices.Equal(a.Providers, b.Providers) && slices.Equal(a.Spooled, b.Spooled)
}

// Heartbeat records a heartbeat that reached this gateway.
func (f *Fleet) Heartbeat(ctx context.Context, b workerrpc.Heartbeat) error {
	if !validID(b.ID) || b.Address == "" || b.Capacity < 0 {
		return fault.New(fault.HeartbeatInvalid)
	}
	now := time.Now()
	f.heard.Store(now.UnixNano())
	m := Member{Heartbeat: b, LastSeen: now}
	if b.SentMS > 0 {
		m.SkewMS = now.UnixMilli() - b.SentMS
	}
	data, err := sonic.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode heartbeat: %w", err)
	}
	_, err = f.bucket.Put(ctx, "worker."+b.ID, data, engine.AnyRevision, heartbeatTTL)
	return err
}

// validID reports whether a worker's name for itself can be part of a key: it
// comes from the wire.
func validID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

// Run keeps the members known until ctx ends.
func (f *Fleet) Run(ctx context.Context) error { return f.members.Run(ctx) }

// Changed is closed when a worker comes, goes or offers something else; not
// for every heartbeat.
func (f *Fleet) Changed() <-chan struct{} { return f.members.Changed() }

// Workers lists the live members, by id. Without a connection to the engine
// these become none within five seconds.
func (f *Fleet) Workers() []Member {
	var out []Member
	for _, m := range f.members.All() {
		if m.live() {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Heard reports whether a worker is there: one that is known, or whose
// heartbeats reach this gateway although the engine takes none.
func (f *Fleet) Heard() bool {
	return time.Since(time.Unix(0, f.heard.Load())) < heartbeatTTL || len(f.Workers()) > 0
}

const (
	// reachWithin is how long workers are tried of which none is reached.
	reachWithin = 3 * time.Second

	lookEvery = time.Second // whether a worker that judges is still there

	brokeMost = 2 // workers may break off over one photo

	usedUpAfter = 10 * time.Second // a photo that took too long may be tried again
)

// judges are the workers that take photos.
func (f *Fleet) judges() []Member {
	return slices.DeleteFunc(f.Workers(), func(m Member) bool { return m.Draining })
}

// Judges is how many photos the workers judge at once, all together.
func (f *Fleet) Judges() (n int) {
	for _, m := range f.judges() {
		n += inspects(m)
	}
	return n
}

// Inspect asks a worker to judge an upload, and up to two others when it is out
// of reach, busy, or falls silent meanwhile. A worker's refusal of the photo is
// final, and so is one's time or decoder that it used up: the same photo would
// take as much from the others. A photo with which workers break off is given to
// two at most.
func (f *Fleet) Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	if err := f.members.Refresh(ctx); err != nil {
		return workerrpc.Inspected{}, fmt.Errorf("find a worker: %w", err)
	}
	ws := f.judging.order(f.judges())
	err := noWorkers(errors.New("no worker is registered"))
	began, reached, broke := time.Now(), false, 0
	for _, w := range ws[:min(3, len(ws))] {
		if !reached && time.Since(began) > reachWithin {
			break
		}
		var got workerrpc.Inspected
		got, err = f.inspect(ctx, w, r)
		if err == nil {
			return got, nil
		}
		reached = reached || fault.CodeOf(err) != fault.WorkerUnreachable
		switch code := fault.CodeOf(err); {
		case code == fault.DecoderLost, fault.KindOf(err) == fault.Timeout:
			return workerrpc.Inspected{}, usedUp(err)
		case code.Inside(): // between gateway and worker, not with the photo
			if code == fault.WorkerLost {
				broke++
			}
			err = noWorkers(err)
		case fault.KindOf(err) != fault.Unavailable:
			return workerrpc.Inspected{}, err
		}
		if broke == brokeMost {
			break
		}
		if f.failed.Worth(w.ID) {
			f.log.Warn("inspect failed over", telemetry.FieldRequest, r.RequestID, "worker", w.ID, "err", err)
		}
	}
	return workerrpc.Inspected{}, err
}

// inspect asks one worker for as long as it is heard. The call itself would not
// notice one that stands still.
func (f *Fleet) inspect(ctx context.Context, w Member, r workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel(nil)
	watching.Go(func() {
		for range tick.After(ctx, lookEvery) {
			if now, known := f.members.Get("worker." + w.ID); f.members.Sighted() && (!known || !now.live()) {
				cancel(fault.New(fault.WorkerSilent))
			}
		}
	})
	defer f.judging.begin(w.ID)()
	got, err := f.call.Inspect(ctx, w.Address, r)
	if cause := context.Cause(ctx); err != nil && fault.CodeOf(cause) == fault.WorkerSilent {
		err = cause
	}
	return got, err
}

// usedUp is the answer for a photo that took a worker's time, or its decoder,
// while the machine was busy: that may be the machine's fault.
func usedUp(err error) error {
	busy := fault.Wrap(fault.WorkerBusy, err).After(usedUpAfter)
	if digest := fault.As(err).Params[fault.ParamSHA256]; digest != "" {
		busy = busy.With(fault.ParamSHA256, digest)
	}
	return busy
}

func noWorkers(err error) error { return fault.Wrap(fault.NoWorkers, err).After(5 * time.Second) }
