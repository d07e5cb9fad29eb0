package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// checked is what the validator says of a document.
func checked(d *Document) error {
	v := &validator{}
	if v.document(d); v.fault != nil {
		return v.fault
	}
	return nil
}

func TestTheBuiltinCatalogueIsRichAndSound(t *testing.T) {
	t.Parallel()
	d := Builtin()
	if err := checked(d); err != nil {
		t.Fatal(err)
	}
	if len(d.Styles) < 10 || len(d.Places) < 14 {
		t.Errorf("%d styles and %d places, want at least 10 and 14", len(d.Styles), len(d.Places))
	}
	for _, s := range d.Styles {
		if s.PromptZH == "" || s.NegativeZH == "" || s.Identity.ZH == "" || s.Identity.EN == "" || s.TemplateVersion < 1 || s.Defaults.Steps == 0 {
			t.Errorf("style %s does not say how a picture is made and people stay themselves: %+v", s.ID, s)
		}
	}
	for _, p := range d.Places {
		if p.PromptZH == "" || p.Negative == "" || p.NegativeZH == "" {
			t.Errorf("place %s is not described in Chinese, or does not say what to avoid", p.ID)
		}
	}
}

func TestEveryTextureAndBackdropIsUsed(t *testing.T) {
	t.Parallel()
	d := Builtin()
	for _, x := range Textures() {
		if !slices.ContainsFunc(d.Styles, func(s Style) bool { return s.Texture == x }) {
			t.Errorf("no style has texture %s", x)
		}
	}
	for _, b := range Backdrops() {
		if !slices.ContainsFunc(d.Places, func(p Place) bool { return p.Backdrop == b }) {
			t.Errorf("no place has backdrop %s", b)
		}
	}
}

func TestNoTwoEntriesLookAlike(t *testing.T) {
	t.Parallel()
	d, seen := Builtin(), map[string]string{}
	look := func(kind, id string, palette []string, more string) {
		key := kind + strings.Join(palette, "") + more
		if other := seen[key]; other != "" {
			t.Errorf("%s %s looks like %s", kind, id, other)
		}
		seen[key] = id
		for i, c := range palette { // also no colour at the same place twice
			if other := seen[fmt.Sprint(kind, i, c)]; other != "" {
				t.Errorf("%s: colour %d of %s is that of %s", kind, i, id, other)
			}
			seen[fmt.Sprint(kind, i, c)] = id
		}
	}
	for _, s := range d.Styles {
		look("style", s.ID, s.Palette, s.Texture)
	}
	for _, p := range d.Places {
		look("place", p.ID, p.Palette, p.Backdrop)
	}
}

func TestTextsFollowTheLanguage(t *testing.T) {
	t.Parallel()
	x := Text{ZH: "水墨", EN: "Ink wash"}
	for language, want := range map[string]string{"": "水墨", "zh-CN": "水墨", "en": "Ink wash", "en-GB": "Ink wash", "fr": "水墨", "e": "水墨"} {
		if got := x.In(language); got != want {
			t.Errorf("In(%q) = %q, want %q", language, got, want)
		}
	}
	if got := (Text{ZH: "水墨"}).In("en"); got != "水墨" {
		t.Errorf("a missing translation gives %q", got)
	}
}

func TestEntriesAreFoundByID(t *testing.T) {
	t.Parallel()
	d := Builtin()
	if s, ok := d.Style("ink-wash"); !ok || s.Texture != "ink" {
		t.Errorf("Style = %+v, %v", s, ok)
	}
	if p, ok := d.Place("moon"); !ok || p.Backdrop != "moon" {
		t.Errorf("Place = %+v, %v", p, ok)
	}
	if _, ok := d.Style("moon"); ok {
		t.Error("a place was found among the styles")
	}
	if _, ok := d.Place("ink-wash"); ok {
		t.Error("a style was found among the places")
	}
}

func TestEveryFaultOfADocumentIsPointedAt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pointer string
		spoil   func(*Document)
	}{
		"no version":          {"/version", func(d *Document) { d.Version = 0 }},
		"no policy":           {"/policyVersion", func(d *Document) { d.PolicyVersion = "" }},
		"no styles":           {"/styles", func(d *Document) { d.Styles = nil }},
		"no places":           {"/places", func(d *Document) { d.Places = nil }},
		"too many styles":     {"/styles", func(d *Document) { d.Styles = make([]Style, maxEntries+1) }},
		"an id twice":         {"/styles/1/id", func(d *Document) { d.Styles[1].ID = d.Styles[0].ID }},
		"an id with a slash":  {"/places/0/id", func(d *Document) { d.Places[0].ID = "../x" }},
		"no English":          {"/places/2/name/en", func(d *Document) { d.Places[2].Name.EN = " " }},
		"no Chinese":          {"/styles/0/description/zh", func(d *Document) { d.Styles[0].Description.ZH = "" }},
		"control characters":  {"/styles/0/prompt", func(d *Document) { d.Styles[0].Prompt = "a\x00b" }},
		"a long prompt":       {"/styles/0/prompt", func(d *Document) { d.Styles[0].Prompt = strings.Repeat("a", maxPrompt+1) }},
		"a long negative":     {"/styles/0/negative", func(d *Document) { d.Styles[0].Negative = strings.Repeat("a", maxPrompt+1) }},
		"four colours":        {"/styles/0/palette", func(d *Document) { d.Styles[0].Palette = d.Styles[0].Palette[:4] }},
		"no colour":           {"/styles/0/palette/0", func(d *Document) { d.Styles[0].Palette[0] = "red" }},
		"a signed colour":     {"/styles/0/palette/0", func(d *Document) { d.Styles[0].Palette[0] = "#+12345" }},
		"light before dark":   {"/places/0/palette/1", func(d *Document) { d.Places[0].Palette[0] = "#ffffff" }},
		"a long Chinese text": {"/places/0/promptZh", func(d *Document) { d.Places[0].PromptZH = strings.Repeat("字", maxPromptZH+1) }},
		"a long identity":     {"/styles/0/identity/zh", func(d *Document) { d.Styles[0].Identity.ZH = strings.Repeat("字", maxIdentityZH+1) }},
		"a foreign aspect":    {"/styles/0/defaults/aspect", func(d *Document) { d.Styles[0].Defaults.Aspect = "7:5" }},
		"a foreign size":      {"/styles/0/defaults/resolution", func(d *Document) { d.Styles[0].Defaults.Resolution = "8k" }},
		"too many steps":      {"/styles/0/defaults/steps", func(d *Document) { d.Styles[0].Defaults.Steps = 51 }},
		"a negative cfg":      {"/styles/0/defaults/cfg", func(d *Document) { d.Styles[0].Defaults.CFG = -1 }},
		"a negative template": {"/styles/0/templateVersion", func(d *Document) { d.Styles[0].TemplateVersion = -1 }},
		"an unknown texture":  {"/styles/0/texture", func(d *Document) { d.Styles[0].Texture = "silk" }},
		"an unknown backdrop": {"/places/0/backdrop", func(d *Document) { d.Places[0].Backdrop = "attic" }},
		"too strong":          {"/styles/0/strength", func(d *Document) { d.Styles[0].Strength = 1.1 }},
		"a wide aspect":       {"/options/aspect/0", func(d *Document) { d.Options.Aspect[0] = "21:1" }},
		"a flat aspect":       {"/options/aspect/0", func(d *Document) { d.Options.Aspect[0] = "0:0" }},
		"no resolution":       {"/options/resolution", func(d *Document) { d.Options.Resolution = nil }},
		"a vast resolution":   {"/options/resolution/0", func(d *Document) { d.Options.Resolution[0] = "99k" }},
		"steps upside down":   {"/options/steps", func(d *Document) { d.Options.Steps = [2]int{50, 1} }},
		"cfg upside down":     {"/options/cfg", func(d *Document) { d.Options.CFG = [2]float64{9, 1} }},
		"an endless note":     {"/options/noteLength", func(d *Document) { d.Options.NoteLength = 1 << 20 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := Builtin()
			tt.spoil(d)
			f := fault.As(checked(d))
			if f == nil || f.Kind != fault.Unprocessable || f.Code != fault.CatalogInvalid {
				t.Fatalf("fault = %v", f)
			}
			if !slices.ContainsFunc(f.Violations, func(v fault.Violation) bool { return v.Pointer == tt.pointer }) {
				t.Errorf("nothing points at %s: %v", tt.pointer, f)
			}
		})
	}
}

func TestDocumentsFromOutsideAreBounded(t *testing.T) {
	t.Parallel()
	good, err := json.Marshal(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(good); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[fault.Code]string{
		"body_too_large":  strings.Repeat(" ", MaxBytes+1),
		"invalid_json":    string(good) + "{}",
		"catalog_invalid": "{}",
	} {
		if _, err := Parse([]byte(data)); fault.CodeOf(err) != name {
			t.Errorf("err = %v, want %s", err, name)
		}
	}
	for data, want := range map[string]fault.Kind{"": fault.Invalid, "[1": fault.Invalid, "[]": fault.Unprocessable} {
		if _, err := Parse([]byte(data)); fault.KindOf(err) != want {
			t.Errorf("%q: err = %v, want %v", data, err, want)
		}
	}
}

func TestEverythingThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	var tree map[string]any
	if err := json.Unmarshal(builtinJSON, &tree); err != nil {
		t.Fatal(err)
	}
	tree["colour"], tree["version"] = "red", "two"
	style := tree["styles"].([]any)[1].(map[string]any)
	style["strong"], style["palette"], style["texture"] = 0.5, "#000000", "silk"
	style["name"].(map[string]any)["fr"] = "x"
	tree["places"].([]any)[3].(map[string]any)["promptZh"] = 7
	tree["options"].(map[string]any)["steps"] = []any{1, 2, 3}
	tree["options"].(map[string]any)["noteLength"] = 1.5
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse(raw)
	var pointers []string
	for _, v := range fault.As(err).Violations {
		pointers = append(pointers, v.Pointer)
	}
	for _, want := range []string{
		"/colour", "/version", "/styles/1/strong", "/styles/1/palette", "/styles/1/texture", "/styles/1/name/fr",
		"/places/3/promptZh", "/options/steps", "/options/noteLength",
	} {
		if !slices.Contains(pointers, want) {
			t.Errorf("nothing is said of %s: %v", want, pointers)
		}
	}
}

func TestAFloodOfFaultsIsBounded(t *testing.T) {
	t.Parallel()
	raw := `{"styles":[` + strings.Repeat(`{},`, 10_000) + `{}]}`
	if _, err := Parse([]byte(raw)); len(fault.As(err).Violations) != maxFaults {
		t.Errorf("%d faults are told, want %d", len(fault.As(err).Violations), maxFaults)
	}
}

func FuzzDocumentsThatPassAreSound(f *testing.F) {
	f.Add(builtinJSON)
	f.Add([]byte(`{"version":1,"styles":[{"id":"a","palette":["#000000"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) <= MaxBytes {
			if _, err := Parse(again); err != nil {
				t.Errorf("what passed once does not pass again: %v", err)
			}
		}
	})
}
