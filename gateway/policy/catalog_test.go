package policy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

func doc(version int, style string) *catalog.Document {
	return &catalog.Document{Version: version, Styles: []catalog.Style{{ID: style}}, Places: []catalog.Place{{ID: "bund"}}}
}

func setCatalog(t *testing.T, s *policy.Store, d *catalog.Document) int {
	t.Helper()
	_, got, err := s.SetCatalog(t.Context(), policy.Edit{Who: "li", Action: "catalog.apply"}, d)
	if err != nil {
		t.Fatal(err)
	}
	return got.Version
}

func TestACatalogueOfTheOperatorReplacesTheBuiltIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := start(t, dir)
	s := open(t, e)
	other := mirrored(t, open(t, e))
	changed := other.Changed()
	v := setCatalog(t, s, doc(0, "ink"))
	if v != 1001 || s.Catalog().Version != v || s.Catalog().Styles[0].ID != "ink" {
		t.Errorf("version %d in force, catalogue %+v", v, s.Catalog())
	}
	select {
	case <-changed:
	case <-time.After(10 * time.Second):
		t.Fatal("another gateway heard of nothing")
	}
	if other.Catalog().Version != v || len(other.Catalog().Styles) != 1 {
		t.Errorf("another gateway has %+v", other.Catalog())
	}
	if again := open(t, e); again.Catalog().Version != v {
		t.Errorf("after a restart: %+v", again.Catalog())
	}
}

func TestACatalogueIsWrittenOnceAndNotWithEveryChange(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	setCatalog(t, s, doc(0, "ink"))
	changes, err := s.History(t.Context(), 1)
	if err != nil || string(changes[0].After) != `{"catalog":{"version":1001}}` {
		t.Errorf("change = %+v, %v", changes, err)
	}
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3))
	if s.Catalog().Version != 1001 {
		t.Errorf("catalogue = %+v", s.Catalog())
	}
}

func TestTheSameCatalogueAgainChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	setCatalog(t, s, doc(0, "ink"))
	c, d, err := s.SetCatalog(t.Context(), policy.Edit{Who: "li"}, doc(7, "ink"))
	if err != nil || !c.Empty() || d.Version != 1001 || s.State().Version != 1 {
		t.Errorf("%+v, %+v, %v", c, d, err)
	}
}

func TestACatalogueMadeFromAnOlderOneIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	first := setCatalog(t, s, doc(1, "ink"))
	setCatalog(t, s, doc(first, "oil"))
	_, _, err := s.SetCatalog(t.Context(), policy.Edit{Who: "li"}, doc(first, "film"))
	if fault.CodeOf(err) != fault.CatalogConflict || s.Catalog().Styles[0].ID != "oil" {
		t.Errorf("err = %v, catalogue %+v", err, s.Catalog())
	}
	if v, err := s.CatalogVersions(t.Context()); err != nil || s.Catalog().Version != 1002 {
		t.Errorf("versions %v, %v", v, err)
	}
}

func TestADryRunOfACatalogueKeepsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	c, d, err := s.SetCatalog(t.Context(), policy.Edit{Who: "li", DryRun: true}, doc(0, "ink"))
	if err != nil || c.Empty() || d.Version != 1001 {
		t.Errorf("%+v, %+v, %v", c, d, err)
	}
	if v, err := s.CatalogVersions(t.Context()); err != nil || len(v) != 1 || s.Catalog().Version != 1 {
		t.Errorf("versions %v, %v, in force %d", v, err, s.Catalog().Version)
	}
}

func TestRollingBackTwiceIsWhereItBegan(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	e := policy.Edit{Who: "li", Action: "catalog.rollback"}
	if _, _, err := s.RollbackCatalog(t.Context(), e, 0); fault.CodeOf(err) != fault.CatalogFirst {
		t.Errorf("with nothing before: %v", err)
	}
	setCatalog(t, s, doc(0, "ink"))
	setCatalog(t, s, doc(0, "oil"))
	for _, want := range []int{1001, 1002} {
		if _, _, err := s.RollbackCatalog(t.Context(), e, 0); err != nil || s.Catalog().Version != want {
			t.Errorf("in force %d, want %d: %v", s.Catalog().Version, want, err)
		}
	}
	if _, d, err := s.RollbackCatalog(t.Context(), e, 1); err != nil || d.Version != 1 || s.Catalog().Version != 1 {
		t.Errorf("to the built-in one: %v, in force %d", err, s.Catalog().Version)
	}
	if _, _, err := s.RollbackCatalog(t.Context(), e, 4711); fault.CodeOf(err) != fault.CatalogNotFound {
		t.Errorf("to one that never was: %v", err)
	}
	if c, _, err := s.RollbackCatalog(t.Context(), e, 1); err != nil || !c.Empty() {
		t.Errorf("to where it is: %+v, %v", c, err)
	}
}

func TestACatalogueIsUndoneLikeAnyChange(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	setCatalog(t, s, doc(0, "ink"))
	if _, err := s.Undo(t.Context(), 1, policy.Edit{Who: "li"}); err != nil || s.Catalog().Version != 1 {
		t.Errorf("undo: %v, in force %d", err, s.Catalog().Version)
	}
	if _, err := s.Undo(t.Context(), 2, policy.Edit{Who: "li"}); err != nil || s.Catalog().Version != 1001 {
		t.Errorf("undo of the undo: %v, in force %d", err, s.Catalog().Version)
	}
}

func TestOldCataloguesAreForgotten(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	for i := range 103 {
		setCatalog(t, s, doc(0, fmt.Sprintf("style-%d", i)))
	}
	if _, err := s.Document(t.Context(), 1001); fault.CodeOf(err) != fault.CatalogNotFound {
		t.Errorf("the oldest is still there: %v", err)
	}
	if _, err := s.Document(t.Context(), 1050); err != nil {
		t.Error(err)
	}
	if _, err := s.Undo(t.Context(), 2, policy.Edit{Who: "li"}); fault.KindOf(err) != fault.Conflict && fault.CodeOf(err) != fault.CatalogNotFound {
		t.Errorf("undo to a forgotten one: %v", err)
	}
}
