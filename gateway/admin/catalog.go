package admin

import (
	"errors"
	"io"
	"net/http"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/prompt"
)

func (s *Server) catalog(r *http.Request) (any, error) {
	version, err := number(r, "version", 0, 1, 1<<30)
	if err != nil {
		return nil, err
	}
	out := operator.Catalog{Version: version, InForce: s.deps.Policy.Catalog().Version}
	if out.Version == 0 {
		out.Version = out.InForce
	}
	if out.Document, err = s.deps.Policy.Document(r.Context(), out.Version); err != nil {
		return nil, err
	}
	if out.Versions, err = s.deps.Policy.CatalogVersions(r.Context()); err != nil {
		return nil, err
	}
	out.Previous = s.deps.Policy.PreviousCatalog()
	return out, nil
}

func (s *Server) applyCatalog(r *http.Request) (any, error) {
	if err := jsonOnly(r); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, catalog.MaxBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fault.Wrap(fault.BodyTooLarge, err).With("most", "192 KiB")
	case err != nil:
		return nil, fault.Wrap(fault.BodyIncomplete, err)
	}
	before := s.deps.Policy.Catalog()
	doc, err := catalog.Parse(raw)
	if err != nil {
		return nil, err
	}
	e, err := edit(r, "catalog.apply", "")
	if err != nil {
		return nil, err
	}
	c, now, err := s.deps.Policy.SetCatalog(r.Context(), e, doc)
	if err != nil {
		return nil, err
	}
	return s.catalogChange(changed(c, e), before, now), nil
}

func (s *Server) rollbackCatalog(r *http.Request, to operator.CatalogRollback) (any, error) {
	if to.Version < 0 {
		return nil, invalid("/version", "must not be negative")
	}
	e, err := edit(r, "catalog.rollback", "")
	if err != nil {
		return nil, err
	}
	before := s.deps.Policy.Catalog()
	c, now, err := s.deps.Policy.RollbackCatalog(r.Context(), e, to.Version)
	if err != nil {
		return nil, err
	}
	return s.catalogChange(changed(c, e), before, now), nil
}

// catalogChange says what a change means: what differs, and what models would
// not be asked for any more.
func (s *Server) catalogChange(c operator.Change, before, now *catalog.Document) operator.CatalogChange {
	out := operator.CatalogChange{Change: c, Catalog: now.Version, Differences: catalog.Diff(before, now)}
	for _, e := range prompt.Excesses(now) {
		t := operator.TooLong{Style: e.Style, Model: e.Model, Over: e.Over, Unit: string(e.Unit)}
		for _, p := range s.deps.Providers {
			if prompt.For(p.Kind, p.Model).Name == e.Model {
				t.Providers = append(t.Providers, p.Name)
			}
		}
		out.TooLong = append(out.TooLong, t)
	}
	return out
}
