package catalog

import (
	"slices"
	"testing"
)

func TestDifferencesNameEntriesByTheirIDs(t *testing.T) {
	t.Parallel()
	a, b := Builtin(), Builtin()
	b.Version = 1001
	if d := Diff(a, b); len(d) != 0 {
		t.Errorf("another version alone: %+v", d)
	}
	b.Styles[0].PromptZH = "水墨"
	b.Options.NoteLength = 100
	b.Places[1], b.Places[0] = b.Places[0], b.Places[1]
	want := []Difference{
		{"options.noteLength", "200", "100"},
		{"places.(order)", "bund west-lake", "west-lake bund"},
		{"styles.ink-wash.promptZh", a.Styles[0].PromptZH, "水墨"},
	}
	got := Diff(a, b)
	for i := range got {
		if got[i].Path == "places.(order)" {
			got[i].Before, got[i].After = got[i].Before[:14], got[i].After[:14]
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	b = Builtin()
	b.Styles = b.Styles[1:]
	if got := Diff(a, b); !slices.Contains(got, Difference{Path: "styles.ink-wash.texture", Before: "ink"}) {
		t.Errorf("a removed entry: %+v", got)
	}
}
