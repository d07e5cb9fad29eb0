package admin_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func encoded(t *testing.T, d *catalog.Document) []byte {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestACatalogueIsAppliedShownAndTakenBack(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	d := catalog.Builtin()
	d.Styles[0].PromptZH = "改绘为写意水墨"
	dry, err := c.ApplyCatalog(t.Context(), encoded(t, d), operator.Edit{DryRun: true})
	if err != nil || !dry.DryRun || dry.Catalog != 1001 || len(dry.Differences) != 1 || s.Policy.Catalog().Version != 2 {
		t.Fatalf("dry run: %+v, %v, in force %d", dry, err, s.Policy.Catalog().Version)
	}
	ch, err := c.ApplyCatalog(t.Context(), encoded(t, d), operator.Edit{Reason: "更写意"})
	if err != nil || ch.Catalog != 1001 || ch.Action != "catalog.apply" || ch.Who != "李雷" || ch.Reason != "更写意" || s.Policy.Catalog().Version != 1001 {
		t.Fatalf("applied: %+v, %v", ch, err)
	}
	if want := (catalog.Difference{Path: "styles.ink-wash.promptZh", Before: catalog.Builtin().Styles[0].PromptZH, After: "改绘为写意水墨"}); ch.Differences[0] != want {
		t.Errorf("differences = %+v", ch.Differences)
	}
	got, err := c.Catalog(t.Context(), 0)
	if err != nil || got.Version != 1001 || got.InForce != 1001 || got.Previous != 2 || len(got.Versions) != 2 || got.Document.Styles[0].PromptZH != "改绘为写意水墨" {
		t.Errorf("shown: %+v, %v", got, err)
	}
	if _, err := c.RollbackCatalog(t.Context(), operator.CatalogRollback{}, operator.Edit{}); err != nil || s.Policy.Catalog().Version != 2 {
		t.Errorf("rolled back: %v, in force %d", err, s.Policy.Catalog().Version)
	}
	if _, err := c.Undo(t.Context(), 2, operator.Edit{}); err != nil || s.Policy.Catalog().Version != 1001 {
		t.Errorf("undone: %v, in force %d", err, s.Policy.Catalog().Version)
	}
}

func TestCataloguesFromOutsideAreBounded(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	for body, want := range map[string]int{
		strings.Repeat(" ", catalog.MaxBytes+1): http.StatusRequestEntityTooLarge,
		"{":                                     http.StatusBadRequest,
		"":                                      http.StatusBadRequest,
		"[]":                                    http.StatusUnprocessableEntity,
		`{"version":2}`:                         http.StatusUnprocessableEntity,
	} {
		if w := raw(t, s, http.MethodPut, "/admin/catalog", body, nil); w.Code != want {
			t.Errorf("%.20q: %d, want %d", body, w.Code, want)
		}
	}
	yaml := func(r *http.Request) { r.Header.Set("Content-Type", "application/yaml") }
	if w := raw(t, s, http.MethodPut, "/admin/catalog", "{}", yaml); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("YAML: %d", w.Code)
	}
	for _, version := range []string{"x", "-1", "0"} {
		if w := raw(t, s, http.MethodGet, "/admin/catalog?version="+version, "", nil); w.Code != http.StatusBadRequest {
			t.Errorf("version %s: %d", version, w.Code)
		}
	}
	if _, err := c.RollbackCatalog(t.Context(), operator.CatalogRollback{Version: -1}, operator.Edit{}); operator.StatusOf(err) != http.StatusBadRequest {
		t.Errorf("rollback to -1: %v", err)
	}
	wrong := 7
	d := catalog.Builtin()
	d.Styles[0].PromptZH = "x"
	if _, err := c.ApplyCatalog(t.Context(), encoded(t, d), operator.Edit{Version: &wrong}); operator.StatusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("at another version of the state: %v", err)
	}
	if v := s.Policy.Catalog().Version; v != 2 {
		t.Errorf("in force %d", v)
	}
}

func TestAStyleThatAModelCannotReadIsSaidSoAndApplied(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	d := catalog.Builtin()
	d.Styles[0].PromptZH = strings.Repeat("墨", 200)
	ch, err := c.ApplyCatalog(t.Context(), encoded(t, d), operator.Edit{})
	if err != nil || s.Policy.Catalog().Version != 1001 {
		t.Fatalf("applied: %+v, %v", ch, err)
	}
	if len(ch.TooLong) == 0 || ch.TooLong[0].Style != "ink-wash" || ch.TooLong[0].Model != "irag-1.0" || ch.TooLong[0].Over < 1 || ch.TooLong[0].Unit != "characters" {
		t.Errorf("too long: %+v", ch.TooLong)
	}
	if back, err := c.RollbackCatalog(t.Context(), operator.CatalogRollback{}, operator.Edit{}); err != nil || len(back.TooLong) != 0 {
		t.Errorf("rolled back: %+v, %v", back.TooLong, err)
	}
}

func TestAModelIsKnownByItsProvidersName(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	for name, want := range map[string]string{
		"seedream": "seedream-4.0", "mock": "mock", "qianfan": "qianfan-qwen-image-edit", "doubao-seedream-4-5-251128": "seedream-4.5", "irag-1.0": "irag-1.0",
	} {
		p, err := c.RenderPrompt(t.Context(), operator.PromptRequest{Style: "oil", Place: "bund", Model: name})
		if err != nil || p.Model != want {
			t.Errorf("%s is %q, %v; want %s", name, p.Model, err, want)
		}
	}
}

func TestAPromptIsRenderedFromTheCatalogueInForce(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	d := catalog.Builtin()
	d.Styles[0].PromptZH = "改绘为写意水墨"
	if _, err := c.ApplyCatalog(t.Context(), encoded(t, d), operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	ask := operator.PromptRequest{Style: "ink-wash", Place: "bund", Model: "hunyuan-3.0", Note: "电话13812345678，戴红帽子", Steps: 20}
	p, err := c.RenderPrompt(t.Context(), ask)
	if err != nil || !strings.Contains(p.Text, "改绘为写意水墨。") || p.CatalogVersion != 1001 || p.Steps != 0 || p.Length > p.Limit {
		t.Errorf("%+v, %v", p, err)
	}
	if strings.Contains(p.Text, "138") || !strings.Contains(p.Note, "戴红帽子") {
		t.Errorf("the note is not as the intake leaves it: %q", p.Note)
	}
	for _, change := range []func(*operator.PromptRequest){
		func(q *operator.PromptRequest) { q.Seed = -1 },
		func(q *operator.PromptRequest) { q.PhotoWidth = -1 },
		func(q *operator.PromptRequest) { q.Language = "fr" },
	} {
		q := ask
		change(&q)
		if _, err := c.RenderPrompt(t.Context(), q); operator.StatusOf(err) != http.StatusBadRequest {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if list, err := c.Models(t.Context()); err != nil || len(list) < 20 {
		t.Errorf("%d models, %v", len(list), err)
	}
}
