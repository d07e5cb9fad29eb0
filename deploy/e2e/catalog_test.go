package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// aCatalogueIsApplied: a new style is there on every gateway within a second,
// makes a picture, and is gone after the rollback.
func aCatalogueIsApplied(t *testing.T, d *dev) {
	p := newPerson(t, d, 25)
	doc := read[catalog.Document](t, d.must(t, "catalog", "show", "-o", "json"))
	before := doc.Version
	style := doc.Styles[0]
	style.ID, style.Name.EN, style.PromptZH = "lantern", "Lantern light", "改绘为元宵灯会的暖光画面。"
	style.Palette = []string{"#200a05", "#6b1d12", "#c8451f", "#f0a04b", "#ffe9bd"}
	doc.Styles = append(doc.Styles, style)
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "catalog.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	ch := read[operator.CatalogChange](t, d.must(t, "catalog", "apply", file, "--reason", "lantern festival", "-o", "json"))
	inForce(t, d, ch.Catalog, true)
	rendered := read[operator.Prompt](t, d.must(t, "prompt", "render", "--style", "lantern", "--place", placeID, "--model", "seedream-4.0", "-o", "json"))
	if !strings.Contains(rendered.Text, style.PromptZH) || rendered.CatalogVersion != ch.Catalog {
		t.Errorf("rendered: %+v", rendered)
	}
	wish := p.wish(1)
	wish.Style = "lantern"
	made, err := p.Submit(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.finish(t, made.TaskID); got.State != task.Succeeded || got.Style != "lantern" {
		t.Errorf("task = %+v", got)
	}
	kept := read[operator.Task](t, d.must(t, "task", "get", string(made.TaskID), "-o", "json"))
	if kept.CatalogVersion != ch.Catalog {
		t.Errorf("the task records catalogue %d, want %d", kept.CatalogVersion, ch.Catalog)
	}
	d.must(t, "catalog", "rollback", "--reason", "the festival is over")
	inForce(t, d, before, false)
	if _, err := p.Submit(t.Context(), wish); err == nil || !strings.Contains(err.Error(), "style_unknown") {
		t.Errorf("a style that is gone: %v", err)
	}
}

// inForce waits until every gateway serves a catalogue, with the new style or
// without it.
func inForce(t *testing.T, d *dev, version int, lantern bool) {
	t.Helper()
	changed := time.Now()
	for g := range d.public {
		if err := within(liveWithin-time.Since(changed), func() error {
			got, err := d.api(t, g).Catalog(t.Context())
			if err != nil {
				return err
			}
			there := false
			for _, s := range got.Styles {
				there = there || s.ID == "lantern"
			}
			if got.Version != version || there != lantern {
				return fmt.Errorf("catalogue %d, lantern %v", got.Version, there)
			}
			return nil
		}); err != nil {
			t.Errorf("gateway %d: %v", g+1, err)
		}
	}
}
