package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	documents     = "catalog." // keys of documents, by version
	keptDocuments = 100

	// firstVersion is that of an operator's first catalogue. Catalogues of a
	// build count from 1, so a release never takes an operator's number.
	firstVersion = 1001
)

// Document is a catalogue that is kept, by its version.
func (s *Store) Document(ctx context.Context, version int) (*catalog.Document, error) {
	if version == s.builtin.Version {
		return s.builtin, nil
	}
	if now := s.Catalog(); now.Version == version {
		return now, nil
	}
	e, err := s.bucket.Get(ctx, document(version))
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil, fault.New(fault.CatalogNotFound).With("version", strconv.Itoa(version))
	}
	if err != nil {
		return nil, fmt.Errorf("load catalogue: %w", err)
	}
	var d catalog.Document // an older build checked it
	if err := json.Unmarshal(e.Value, &d); err != nil {
		return nil, fmt.Errorf("load catalogue %d: %w", version, err)
	}
	return &d, nil
}

// CatalogVersions lists the versions that can be put in force, oldest first.
func (s *Store) CatalogVersions(ctx context.Context) ([]int, error) {
	keys, err := s.bucket.Keys(ctx, documents+"*")
	if err != nil {
		return nil, fmt.Errorf("list catalogues: %w", err)
	}
	versions := []int{s.builtin.Version}
	for _, k := range keys {
		if n, err := strconv.Atoi(strings.TrimPrefix(k, documents)); err == nil {
			versions = append(versions, n)
		}
	}
	slices.Sort(versions)
	return versions, nil
}

// keep stores a new document under the next free version.
func (s *Store) keep(ctx context.Context, doc *catalog.Document) error {
	for {
		versions, err := s.CatalogVersions(ctx)
		if err != nil {
			return err
		}
		doc.Version = following(versions)
		raw, err := json.Marshal(doc)
		if err != nil {
			return fmt.Errorf("write catalogue: %w", err)
		}
		_, err = s.bucket.Put(ctx, document(doc.Version), raw, 0, 0)
		if err == nil || fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
}

// forget removes the oldest documents when there are too many. It keeps the
// one in force, the one before it, and those that a running experiment uses.
func (s *Store) forget(ctx context.Context) {
	versions, err := s.CatalogVersions(ctx)
	if err != nil {
		return // the next change does it
	}
	used := append(s.State().catalogs(), s.State().Catalog.Previous, s.builtin.Version)
	for _, v := range versions[:max(0, len(versions)-keptDocuments)] {
		if !slices.Contains(used, v) {
			_ = s.bucket.Delete(ctx, document(v), engine.AnyRevision) // as above
		}
	}
}

// inForce loads the catalogue of a state, or the built-in one when that is
// lost: people can still choose.
func (s *Store) inForce(ctx context.Context, version int) (*catalog.Document, error) {
	doc, err := s.Document(ctx, s.number(version))
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return s.builtin, nil
	}
	return doc, err
}

// number is the version that people see. A state has 0 for the built-in
// catalogue, because its number differs from build to build. stored is the
// inverse.
func (s *Store) number(stored int) int { return cmp.Or(stored, s.builtin.Version) }

func (s *Store) stored(number int) int {
	if number == s.builtin.Version {
		return 0
	}
	return number
}

// armsWords loads the catalogues of the running experiment's arms.
func (s *Store) armsWords(ctx context.Context, state *State) (map[int]*catalog.Document, error) {
	words := make(map[int]*catalog.Document)
	for _, version := range state.catalogs()[1:] {
		doc, err := s.Document(ctx, version)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err == nil {
			words[version] = doc
		}
	}
	return words, nil
}

func following(versions []int) int { return max(firstVersion, slices.Max(versions)+1) }

func document(version int) string { return documents + strconv.Itoa(version) }
