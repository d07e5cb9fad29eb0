package policy

import (
	"context"
	"reflect"
	"strconv"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// SetCatalog puts a catalogue in force and returns it with its new version. doc
// must be valid. A version in doc says from which catalogue it was made; that
// one must still be in force. A catalogue with the same content as the one in
// force changes nothing.
func (s *Store) SetCatalog(ctx context.Context, edit Edit, doc *catalog.Document) (Change, *catalog.Document, error) {
	now := s.Catalog()
	if same(now, doc) {
		c, err := s.Apply(ctx, edit, func(*State) error { return nil })
		return c, now, err
	}
	next := *doc
	if edit.DryRun {
		versions, err := s.CatalogVersions(ctx)
		if err != nil {
			return Change{}, nil, err
		}
		next.Version = following(versions)
	} else if err := s.keep(ctx, &next); err != nil {
		return Change{}, nil, err
	}
	c, err := s.Apply(ctx, edit, func(state *State) error {
		if base := doc.Version; base != 0 && base != s.number(state.Catalog.Version) {
			return fault.New(fault.CatalogConflict).
				With("base", strconv.Itoa(base)).With("version", strconv.Itoa(s.number(state.Catalog.Version)))
		}
		state.Catalog = Catalog{Version: next.Version, Previous: state.Catalog.Version}
		return nil
	})
	switch {
	case err != nil && !edit.DryRun:
		_ = s.bucket.Delete(ctx, document(next.Version), engine.AnyRevision) // if this fails, forget removes it later
	case err == nil && !edit.DryRun:
		s.forget(ctx)
	}
	return c, &next, err
}

// RollbackCatalog puts an earlier catalogue in force again: the one before
// the present one when version is 0.
func (s *Store) RollbackCatalog(ctx context.Context, edit Edit, version int) (Change, *catalog.Document, error) {
	target := s.State().Catalog.Previous
	switch {
	case version != 0:
		target = s.stored(version)
	case s.State().Catalog == Catalog{}:
		return Change{}, nil, fault.New(fault.CatalogFirst)
	}
	doc, err := s.Document(ctx, s.number(target))
	if err != nil {
		return Change{}, nil, err
	}
	c, err := s.Apply(ctx, edit, func(state *State) error {
		if state.Catalog.Version != target {
			state.Catalog = Catalog{Version: target, Previous: state.Catalog.Version}
		}
		return nil
	})
	return c, doc, err
}

// PreviousCatalog is the version that a rollback goes to, 0 when there was
// none before.
func (s *Store) PreviousCatalog() int {
	if now := s.State().Catalog; now != (Catalog{}) {
		return s.number(now.Previous)
	}
	return 0
}

// same reports whether two catalogues differ in nothing but the version.
func same(a, b *catalog.Document) bool {
	x, y := *a, *b
	x.Version, y.Version = 0, 0
	return reflect.DeepEqual(&x, &y)
}
