package policy

import (
	"context"
	"encoding/json"
	"errors"
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
	done, err := s.write(ctx, func(r *revision) (bool, error) {
		if err := s.next(r, edit, change); err != nil || edit.DryRun || r.Change.Empty() {
			return false, err
		}
		for _, version := range r.State.catalogs() {
			if _, err := s.Document(ctx, s.number(version)); err != nil { // it may be gone by now
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return Change{}, fmt.Errorf("change policy: %w", err)
	}
	return done, nil
}

// write makes the newest revision into the next one, and writes it when there
// is something to write.
func (s *Store) write(ctx context.Context, follow func(*revision) (bool, error)) (done Change, err error) {
	_, err = s.views.Update(ctx, key, func(old []byte) ([]byte, time.Duration, error) {
		r, err := read(old)
		if err != nil {
			return nil, 0, err
		}
		changed, err := follow(&r)
		done = r.Change
		if err != nil || !changed {
			return nil, 0, err
		}
		value, err := json.Marshal(r)
		if len(value) > maxBytes && !done.Final { // an act that was done is noted all the same
			return nil, 0, fault.New(fault.PolicyTooLarge)
		}
		return value, 0, err
	})
	return done, err
}

// Note adds to the history an act that changed something outside the state,
// such as an erasure. It cannot be undone.
func (s *Store) Note(ctx context.Context, edit Edit, before, after any) (Change, error) {
	b, errBefore := json.Marshal(before)
	a, errAfter := json.Marshal(after)
	if err := errors.Join(errBefore, errAfter); err != nil {
		return Change{}, fmt.Errorf("note: %w", err)
	}
	done, err := s.write(ctx, func(r *revision) (bool, error) {
		r.State.Version++
		r.Change = s.change(r.State.Version, edit)
		r.Change.Before, r.Change.After, r.Change.Final = b, a, true
		return true, nil
	})
	if err != nil {
		return Change{}, fmt.Errorf("note: %w", err)
	}
	return done, nil
}

// next makes a revision into the one that follows.
func (s *Store) next(r *revision, edit Edit, change func(*State) error) error {
	version := r.State.Version
	if edit.Expect != nil && *edit.Expect != version {
		return fault.New(fault.PreconditionFailed).With("version", fmt.Sprint(version))
	}
	before, err := tree(r.State)
	if err != nil {
		return err
	}
	r.State.fill()
	if err := change(&r.State); err != nil {
		return err
	}
	r.State.Version = version
	r.State.prune()
	if err := r.State.check(); err != nil {
		return err
	}
	after, err := tree(r.State)
	if err != nil {
		return err
	}
	r.Change = s.change(version, edit)
	r.Change.Before, r.Change.After, err = differ(before, after)
	if err == nil && !r.Change.Empty() {
		r.State.Version++
		r.Change.Version++
	}
	return err
}

func (s *Store) change(version int, e Edit) Change {
	return Change{
		Version: version, At: s.now().UTC().Truncate(time.Millisecond), Who: operator.Clip(e.Who), Action: e.Action,
		Subject: operator.Clip(e.Subject), Reason: operator.Clip(e.Reason),
	}
}
