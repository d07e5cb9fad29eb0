package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bytedance/sonic"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// beatTTL is how long a worker is believed after its last heartbeat.
const beatTTL = 5 * time.Second

// Member is a worker as last heard of.
type Member struct {
	workerrpc.Beat
	LastSeen time.Time `json:"lastSeen"`
}

// caller reaches one worker by address.
type caller interface {
	Inspect(ctx context.Context, addr string, r workerrpc.InspectRequest) (workerrpc.Inspected, error)
}

// Fleet is the live set of workers.
type Fleet struct {
	bucket *engine.Bucket
	call   caller
	log    *slog.Logger
	gauge  *prometheus.GaugeVec

	mu      sync.RWMutex
	members map[string]Member
	changed chan struct{} // closed and replaced at every change of what a worker offers
}

// Open makes the bucket when it is missing.
func Open(ctx context.Context, e *engine.Engine, call caller, log *slog.Logger, reg prometheus.Registerer) (*Fleet, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "fleet", Memory: true})
	if err != nil {
		return nil, err
	}
	return &Fleet{
		bucket: b, call: call, log: log, members: make(map[string]Member), changed: make(chan struct{}), gauge: newGauge(reg),
	}, nil
}

func newGauge(reg prometheus.Registerer) *prometheus.GaugeVec {
	return promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{
		Name: "imgfleet_fleet_workers", Help: "Workers heard of in the last five seconds, by region.",
	}, []string{"region"})
}

// Beat records a heartbeat that reached this gateway.
func (f *Fleet) Beat(ctx context.Context, b workerrpc.Beat) error {
	if !validID(b.ID) || b.Address == "" || b.Capacity < 0 {
		return fault.New(fault.HeartbeatInvalid)
	}
	data, err := sonic.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode heartbeat: %w", err)
	}
	_, err = f.bucket.Put(ctx, "worker."+b.ID, data, engine.AnyRevision, beatTTL)
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

// Run mirrors the bucket until ctx ends, again after an engine restart.
func (f *Fleet) Run(ctx context.Context) error {
	for {
		err := f.bucket.Watch(ctx, "worker.*", f.apply)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f.log.Warn("fleet mirror interrupted", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// apply takes one change of the bucket. A member counts as seen when its beat
// arrives here: the engine's clock may be another machine's.
func (f *Fleet) apply(e engine.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := strings.TrimPrefix(e.Key, "worker.")
	old, known := f.members[id]
	switch {
	case e.Key == "": // a walk is over: those that vanished during an interruption had no word
		maps.DeleteFunc(f.members, func(_ string, m Member) bool { return time.Since(m.LastSeen) >= beatTTL })
	case e.Deleted:
		delete(f.members, id)
	default:
		var b workerrpc.Beat
		if sonic.Unmarshal(e.Value, &b) != nil {
			return
		}
		f.members[id] = Member{Beat: b, LastSeen: time.Now()}
		if known && offersSame(old.Beat, b) {
			return // only its load, of which the dispatcher knows more
		}
	}
	f.tell()
}

// offersSame reports whether nothing changed that a choice of worker depends on.
func offersSame(a, b workerrpc.Beat) bool {
	return a.Address == b.Address && a.Region == b.Region && a.Capacity == b.Capacity && a.Draining == b.Draining &&
		slices.Equal(a.Providers, b.Providers)
}

// tell wakes those who wait for a change. The caller holds the lock.
func (f *Fleet) tell() {
	f.gauge.Reset()
	for _, m := range f.members {
		f.gauge.WithLabelValues(m.Region).Inc()
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

// Changed is closed when a worker comes, goes or offers something else; not
// for every heartbeat.
func (f *Fleet) Changed() <-chan struct{} {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.changed
}

// Workers lists the live members, by id.
func (f *Fleet) Workers() []Member {
	f.mu.RLock()
	out := make([]Member, 0, len(f.members))
	for _, m := range f.members {
		if time.Since(m.LastSeen) < beatTTL {
			out = append(out, m)
		}
	}
	f.mu.RUnlock()
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Inspect has a worker judge an upload, another one when the first is out of
// reach. A refusal of the photo is final and comes back as it is.
func (f *Fleet) Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	ws := slices.DeleteFunc(f.Workers(), func(m Member) bool { return m.Draining })
	rand.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
	err := error(fault.Wrap(fault.NoWorkers, errors.New("no worker is registered")).After(5 * time.Second))
	for _, w := range ws[:min(3, len(ws))] {
		var got workerrpc.Inspected
		got, err = f.call.Inspect(ctx, w.Address, r)
		if err == nil {
			return got, nil
		}
		if k := fault.KindOf(err); k != fault.Unavailable && k != fault.Timeout {
			return workerrpc.Inspected{}, err
		}
		f.log.Warn("inspect failed over", "worker", w.ID, "err", err)
	}
	return workerrpc.Inspected{}, err
}
