package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	key          = "state"
	keptChanges  = 1000
	maxBytes     = 900 << 10 // below the engine's largest message
	retryMirror  = 200 * time.Millisecond
	maxTextBytes = 1000 // of who, subject and reason
)

// revision is what the bucket holds: the state and the change that made it.
type revision struct {
	State  State  `json:"state"`
	Change Change `json:"change"`
}

// Store keeps the state in the engine and a mirror of it in memory.
type Store struct {
	bucket  *engine.Bucket
	base    Limits
	builtin *catalog.Document
	now     func() time.Time
	view    atomic.Pointer[view]
}

// view is one moment of the mirror; changed is closed when a newer one is there.
type view struct {
	state   *State
	limits  Limits
	catalog *catalog.Document
	words   map[int]*catalog.Document // of the running experiment's arms, by version
	changed chan struct{}
}

// Open loads the state. base are the configured limits and builtin the
// catalogue that apply where the operator has changed nothing.
func Open(ctx context.Context, e *engine.Engine, base Limits, builtin *catalog.Document) (*Store, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "policy", History: keptChanges})
	if err != nil {
		return nil, fmt.Errorf("open policy: %w", err)
	}
	s := &Store{bucket: b, base: base, builtin: builtin, now: time.Now}
	s.view.Store(s.look(&State{}, builtin))
	entry, err := b.Get(ctx, key)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	if err := s.mirror(ctx, entry.Value); err != nil {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	return s, nil
}

// Run keeps the mirror in step with changes made on any gateway until ctx
// ends. It outlives engine restarts.
func (s *Store) Run(ctx context.Context) error {
	for {
		s.follow(ctx)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(retryMirror): // the engine is away; nothing announces its return
		}
	}
}

// follow mirrors changes until ctx ends or one cannot be mirrored; the next
// walk begins with the newest again.
func (s *Store) follow(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	_ = s.bucket.Watch(ctx, key, func(e engine.Entry) {
		if s.mirror(ctx, e.Value) != nil {
			stop()
		}
	})
}

// State is the newest state this gateway knows, never nil and not to be
// changed.
func (s *Store) State() *State { return s.view.Load().state }

// Limits are the effective limits: configured, with the operator's on top.
func (s *Store) Limits() Limits { return s.view.Load().limits }

// BaseLimits are the configured limits, without the operator's.
func (s *Store) BaseLimits() Limits { return s.base }

// Catalog is the catalogue in force.
func (s *Store) Catalog() *catalog.Document { return s.view.Load().catalog }

// Words is the catalogue that an arm of the running experiment uses, nil when
// it is not kept.
func (s *Store) Words(version int) *catalog.Document { return s.view.Load().words[version] }

// Changed returns a channel that is closed when the state differs from what
// State returned before this call or later.
func (s *Store) Changed() <-chan struct{} { return s.view.Load().changed }

// mirror takes over a revision if it is newer than what is known.
func (s *Store) mirror(ctx context.Context, value []byte) error {
	if value == nil {
		return nil
	}
	r, err := read(value)
	if err != nil {
		return err
	}
	if r.State.Version <= s.view.Load().state.Version {
		return nil
	}
	doc, err := s.inForce(ctx, r.State.Catalog.Version)
	if err != nil {
		return err
	}
	next := s.look(&r.State, doc)
	if next.words, err = s.armsWords(ctx, &r.State); err != nil {
		return err
	}
	for {
		old := s.view.Load()
		if r.State.Version <= old.state.Version {
			return nil
		}
		if s.view.CompareAndSwap(old, next) {
			close(old.changed)
			return nil
		}
	}
}

func (s *Store) look(state *State, doc *catalog.Document) *view {
	return &view{state: state, limits: s.base.With(state.Limits), catalog: doc, changed: make(chan struct{})}
}

// History returns the newest changes first, at most limit, or all that are
// kept (1000) when limit is 0.
func (s *Store) History(ctx context.Context, limit int) ([]Change, error) {
	entries, err := s.bucket.History(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("policy history: %w", err)
	}
	if limit > 0 && len(entries) > limit {
		entries = entries[len(entries)-limit:]
	}
	changes := make([]Change, 0, len(entries))
	for i := len(entries) - 1; i >= 0; i-- {
		var r revision
		if err := json.Unmarshal(entries[i].Value, &r); err != nil {
			return nil, fmt.Errorf("policy history: %w", err)
		}
		changes = append(changes, r.Change)
	}
	return changes, nil
}
