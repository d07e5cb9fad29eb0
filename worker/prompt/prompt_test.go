package prompt

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestThePersonComesFirstAndTheNoteLast(t *testing.T) {
	t.Parallel()
	w := Build(catalog.Style{Prompt: "Ink wash.", Negative: "text"}, catalog.Place{Prompt: " on the Moon "},
		task.Options{Note: "with a red hat"})
	want := "Keep the person in the photo recognisable, with the same face, pose and clothing. on the Moon. Ink wash. with a red hat."
	if w.Text != want || w.Negative != "text" {
		t.Errorf("got %+v", w)
	}
	if w := Build(catalog.Style{}, catalog.Place{}, task.Options{}); strings.Contains(w.Text, "..") || w.Text == "" {
		t.Errorf("without words: %q", w.Text)
	}
}

func TestEveryCatalogueEntryHasWords(t *testing.T) {
	t.Parallel()
	d := catalog.Builtin()
	for _, s := range d.Styles {
		for _, p := range d.Places {
			if w := Build(s, p, task.Options{}); len(w.Text) < 120 {
				t.Errorf("%s in %s says little: %q", s.ID, p.ID, w.Text)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h               int
		aspect, resolution string
		wantW, wantH       int
	}{
		{1536, 2048, "", "", 960, 1280}, {1536, 2048, "original", "2k", 1536, 2048}, {2048, 1536, "1:1", "1K", 1024, 1024},
		{100, 2000, "", "1k", 344, 1024}, {2000, 100, "", "1k", 1024, 344}, {10, 10, "nonsense", "nonsense", 1280, 1280},
		{0, 0, "0:0", "", 1280, 1280}, {100, 100, "16:9", "2k", 2048, 1152}, {100, 100, "1:1", "9999999", 1280, 1280},
	} {
		w, h := Size(c.w, c.h, task.Options{Aspect: c.aspect, Resolution: c.resolution})
		if w != c.wantW || h != c.wantH {
			t.Errorf("%+v: got %d × %d", c, w, h)
		}
	}
}

func FuzzSize(f *testing.F) {
	f.Add(100, 200, "3:4", "1k")
	f.Fuzz(func(t *testing.T, w, h int, aspect, resolution string) {
		gotW, gotH := Size(w, h, task.Options{Aspect: aspect, Resolution: resolution})
		if gotW < 8 || gotH < 8 || gotW > 2048 || gotH > 2048 {
			t.Errorf("%d × %d", gotW, gotH)
		}
	})
}
