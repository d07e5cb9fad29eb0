package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/catalog"
)

const (
	key         = "state"
	keptChanges = 1000
	maxBytes    = 900 << 10 // below the engine's largest message
)

// Store keeps the state in the engine and a mirror of it in memory.
type Store struct {
	bucket  *engine.Bucket
	base    Limits
	builtin *catalog.Document
	now     func() time.Time
	views   *engine.Mirror[*view]
	first   *view // before the first change
}

// view is a state and what follows from it.
type view struct {
	state   *State
	limits  Limits
	catalog *catalog.Document
	words   map[int]*catalog.Document // of the running experiment's arms, by version
}

// Open loads the state. base are the configured limits and builtin the
// catalogue that apply where the operator has changed nothing.
func Open(ctx context.Context, e *engine.Engine, base Limits, builtin *catalog.Document) (*Store, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "policy", History: keptChanges})
	if err != nil {
		return nil, fmt.Errorf("open policy: %w", err)
	}
	s := &Store{
		bucket: b, base: base, builtin: builtin, now: time.Now,
		first: &view{state: &State{}, limits: base.With(nil), catalog: builtin},
	}
	s.views = engine.NewMirror(engine.MirrorConfig[*view]{
		Bucket: b, Filter: key, Read: s.look,
		Outlives: func(*view) bool { return true }, // an engine that lost its data lifts no limit
	})
	if err := e.Insist(ctx, s.Fresh); err != nil {
		return nil, err
	}
	return s, nil
}

// Run keeps the mirror in step with changes made on any gateway until ctx
// ends. It outlives engine restarts.
func (s *Store) Run(ctx context.Context) error { return s.views.Run(ctx) }

// Fresh makes sure that State and the others know the newest change: at once,
// except while a change on another gateway may have been missed. Then it asks
// the engine, and is fault.Unavailable when it gets no answer.
func (s *Store) Fresh(ctx context.Context) error {
	if err := s.views.Refresh(ctx); err != nil {
		return fmt.Errorf("load policy: %w", err)
	}
	return nil
}

func (s *Store) view() *view {
	if v, changed := s.views.Get(key); changed {
		return v
	}
	return s.first
}

// State is the newest state this gateway knows, never nil and not to be
// changed.
func (s *Store) State() *State { return s.view().state }

// Limits are the effective limits: configured, with the operator's on top.
func (s *Store) Limits() Limits { return s.view().limits }

// BaseLimits are the configured limits, without the operator's.
func (s *Store) BaseLimits() Limits { return s.base }

// Catalog is the catalogue in force.
func (s *Store) Catalog() *catalog.Document { return s.view().catalog }

// Words is the catalogue that an arm of the running experiment uses, nil when
// it is not kept.
func (s *Store) Words(version int) *catalog.Document { return s.view().words[version] }

// Changed returns a channel that is closed when the state differs from what
// State returned before this call or later.
func (s *Store) Changed() <-chan struct{} { return s.views.Changed() }

// look makes the view of a revision.
func (s *Store) look(ctx context.Context, e engine.Entry) (*view, bool, error) {
	r, err := read(e.Value)
	if err != nil {
		return nil, false, err
	}
	v := &view{state: &r.State, limits: s.base.With(r.State.Limits)}
	if v.catalog, err = s.inForce(ctx, r.State.Catalog.Version); err != nil {
		return nil, false, err
	}
	if v.words, err = s.armsWords(ctx, &r.State); err != nil {
		return nil, false, err
	}
	return v, true, nil
}

// QueueDepth is how many tasks may wait or run at a moment: limits.queueDepth
// and the capacity of the open campaigns. 0: no limit.
func (s *Store) QueueDepth(now time.Time) int64 {
	depth := s.Limits().QueueDepth
	if depth > 0 {
		depth += s.State().Reserved(now)
	}
	return depth
}
