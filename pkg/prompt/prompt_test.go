package prompt

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestThePersonComesFirstAndTheNoteLast(t *testing.T) {
	t.Parallel()
	w := Build(Input{
		Style: catalog.Style{Prompt: "Ink wash.", Negative: "text"}, Place: catalog.Place{Prompt: " on the Moon "},
		Options: task.Options{Note: "with a red hat"},
	})
	want := "Keep the person in the photo recognisable, with the same face, pose and clothing. on the Moon. Ink wash. with a red hat."
	if w.Text != want || w.Negative != "text" {
		t.Errorf("got %+v", w)
	}
	if w := Build(Input{}); strings.Contains(w.Text, "..") || w.Text == "" {
		t.Errorf("without words: %q", w.Text)
	}
}

func TestEveryCatalogueEntryHasWords(t *testing.T) {
	t.Parallel()
	d := catalog.Builtin()
	for _, s := range d.Styles {
		for _, p := range d.Places {
			if w := Build(Input{Style: s, Place: p}); len(w.Text) < 120 {
				t.Errorf("%s in %s says little: %q", s.ID, p.ID, w.Text)
			}
		}
	}
}

func TestTheStyleSpeaksWhereThePersonDoesNot(t *testing.T) {
	t.Parallel()
	in := Input{
		Style:      catalog.Style{Strength: 0.6, Defaults: catalog.Defaults{Aspect: "1:1", Resolution: "1k", Steps: 30, CFG: 4}},
		PhotoWidth: 3000, PhotoHeight: 4000, Seed: 7,
	}
	if r := Build(in); r.Size != "1024x1024" || r.Width != 1024 || r.Height != 1024 || r.Steps != 30 || r.CFG != 4 || r.Strength != 0.6 || r.Seed != 7 {
		t.Errorf("defaults: %+v", r)
	}
	in.Options = task.Options{Aspect: "original", Resolution: "2k", Steps: 9, CFG: 2}
	if r := Build(in); r.Size != "1536x2048" || r.Steps != 9 || r.CFG != 2 {
		t.Errorf("chosen: %+v", r)
	}
	in.PhotoWidth = 0
	if r := Build(in); r.Size != "" || r.Width != 0 {
		t.Errorf("the ratio of a photo that nobody measured: %+v", r)
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
