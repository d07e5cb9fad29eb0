package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// Apply changes the state. It calls change with a copy of the newest state, in
// which every map is made, and calls it again when another gateway wrote first.
// When nothing differs nothing is written, and the Change is Empty. When Apply
// returns, the change is durable and this gateway sees it; the other gateways
// see it within a second.
func (s *Store) Apply(ctx context.Context, edit Edit, change func(*State) error) (Change, error) {
	var done Change
	_, err := s.views.Update(ctx, key, func(old []byte) ([]byte, time.Duration, error) {
		next, err := s.next(old, edit, change)
		if err != nil {
			return nil, 0, err
		}
		done = next.Change
		if edit.DryRun || done.Empty() {
			return nil, 0, nil
		}
		for _, version := range next.State.catalogs() {
			if err := s.kept(ctx, version); err != nil {
				return nil, 0, err
			}
		}
		value, err := json.Marshal(next)
		if len(value) > maxBytes {
			return nil, 0, fault.New(fault.PolicyTooLarge)
		}
		return value, 0, err
	})
	if err != nil {
		return Change{}, fmt.Errorf("change policy: %w", err)
	}
	return done, nil
}

// Note adds to the history an act that changed something outside the state,
// such as an erasure. It cannot be undone.
func (s *Store) Note(ctx context.Context, edit Edit, before, after any) (Change, error) {
	b, err := json.Marshal(before)
	if err != nil {
		return Change{}, fmt.Errorf("note: %w", err)
	}
	a, err := json.Marshal(after)
	if err != nil {
		return Change{}, fmt.Errorf("note: %w", err)
	}
	var done Change
	_, err = s.views.Update(ctx, key, func(old []byte) ([]byte, time.Duration, error) {
		r, err := read(old)
		if err != nil {
			return nil, 0, err
		}
		r.State.Version++
		r.Change = s.change(r.State.Version, edit)
		r.Change.Before, r.Change.After, r.Change.Final = b, a, true
		done = r.Change
		value, err := json.Marshal(r)
		return value, 0, err
	})
	if err != nil {
		return Change{}, fmt.Errorf("note: %w", err)
	}
	return done, nil
}

// next computes the revision that follows old.
func (s *Store) next(old []byte, edit Edit, change func(*State) error) (revision, error) {
	r, err := read(old)
	if err != nil {
		return r, err
	}
	version := r.State.Version
	if edit.Expect != nil && *edit.Expect != version {
		return r, fault.New(fault.PreconditionFailed).With("version", fmt.Sprint(version))
	}
	before, err := json.Marshal(r.State)
	if err != nil {
		return r, err
	}
	r.State.fill()
	if err := change(&r.State); err != nil {
		return r, err
	}
	r.State.Version = version
	r.State.prune()
	if err := r.State.check(); err != nil {
		return r, err
	}
	after, err := json.Marshal(r.State)
	if err != nil {
		return r, err
	}
	r.Change = s.change(version, edit)
	r.Change.Before, r.Change.After, err = differ(before, after)
	if err == nil && !r.Change.Empty() {
		r.State.Version++
		r.Change.Version++
	}
	return r, err
}

func (s *Store) change(version int, e Edit) Change {
	return Change{
		Version: version, At: s.now().UTC().Truncate(time.Millisecond), Who: operator.Clip(e.Who), Action: e.Action,
		Subject: operator.Clip(e.Subject), Reason: operator.Clip(e.Reason),
	}
}
