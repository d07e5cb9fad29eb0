package prompt

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func named(t testing.TB, name string) Profile {
	t.Helper()
	p, ok := Named(name)
	if !ok {
		t.Fatalf("no profile %q", name)
	}
	return p
}

func build(t testing.TB, p Profile, in Input) Request {
	t.Helper()
	r, err := New().Build(p, in)
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	return r
}

// simple is an entry with a word for each part of a request.
func simple() Input {
	return Input{
		Style: catalog.Style{
			Prompt: "Ink wash", PromptZH: "水墨画", Negative: "neon, text", NegativeZH: "霓虹，文字",
			Identity: catalog.Text{ZH: "保持每个人的五官、发型和姿势。", EN: "Keep the face."},
		},
		Place: catalog.Place{
			Prompt: "on the Moon: grey dust.", PromptZH: "月球表面：灰色月尘", Negative: "clouds", NegativeZH: "云",
			Name: catalog.Text{ZH: "月球", EN: "The Moon"},
		},
		PhotoWidth: 1536, PhotoHeight: 2048,
	}
}

func TestThePersonComesFirstAndTheNoteLast(t *testing.T) {
	t.Parallel()
	in := simple()
	in.Options.Note = "with a red hat"
	for name, want := range map[string]string{
		"gpt-image-1":  "Keep the face. Set the subject of the photo in this scene: on the Moon: grey dust. Ink wash. " + words(English).safety,
		"seedream-4.0": "保持每个人的五官、发型和姿势。将照片主体置于以下场景：月球表面：灰色月尘。水墨画。" + words(Chinese).safety,
	} {
		r := build(t, named(t, name), in)
		if !strings.HasPrefix(r.Text, want) {
			t.Errorf("%s: %q", name, r.Text)
		}
		w := words(r.Language)
		if !strings.HasSuffix(r.Text, w.before+"with a red hat"+w.after) || r.Note != "with a red hat" {
			t.Errorf("%s: the note is not last: %q", name, r.Text)
		}
	}
}

func TestWhatToAvoidIsSaidOnce(t *testing.T) {
	t.Parallel()
	apart, folded := build(t, named(t, "wan2.5-i2i-preview"), simple()), build(t, named(t, "seedream-4.0"), simple())
	if want := words(Chinese).unsafe + "，霓虹，文字，云"; apart.Negative != want || strings.Contains(apart.Text, "霓虹") {
		t.Errorf("apart: %q in %q, want %q", apart.Negative, apart.Text, want)
	}
	if folded.Negative != "" || !strings.Contains(folded.Text, "画面中避免："+words(Chinese).unsafe+"，霓虹，文字，云。") {
		t.Errorf("folded: %+v", folded)
	}
}

func TestALanguageThatIsMissingIsReplacedByTheOther(t *testing.T) {
	t.Parallel()
	in := simple()
	in.Style.PromptZH, in.Place.PromptZH, in.Style.Identity = "", "", catalog.Text{}
	r := build(t, named(t, "seedream-4.0"), in)
	for _, part := range []string{"Ink wash", "on the Moon: grey dust", words(Chinese).identity, words(Chinese).safety} {
		if !strings.Contains(r.Text, part) {
			t.Errorf("%q is missing in %q", part, r.Text)
		}
	}
	in.Language = English
	if r := build(t, named(t, "seedream-4.0"), in); !strings.Contains(r.Text, words(English).safety) || r.Language != English {
		t.Errorf("a language that was asked for: %+v", r)
	}
}

func TestTheStyleSpeaksWhereThePersonDoesNot(t *testing.T) {
	t.Parallel()
	in := simple()
	in.Style.Strength, in.Style.Defaults = 0.6, catalog.Defaults{Aspect: "1:1", Resolution: "1k", Steps: 30, CFG: 4}
	in.Seed = 7
	p := named(t, "mock")
	if r := build(t, p, in); r.Size != "1024x1024" || r.Width != 1024 || r.Steps != 30 || r.CFG != 4 || r.Strength != 0.6 || r.Seed != 7 {
		t.Errorf("defaults: %+v", r)
	}
	in.Options = task.Options{Aspect: "original", Resolution: "2k", Steps: 9, CFG: 2}
	if r := build(t, p, in); r.Size != "1536x2048" && r.Height != 2048 || r.Steps != 9 || r.CFG != 2 {
		t.Errorf("chosen: %+v", r)
	}
	if r := build(t, named(t, "seedream-4.0"), in); r.Steps != 0 || r.CFG != 0 || r.Strength != 0 || r.Seed != -1 {
		t.Errorf("a model that takes no numbers: %+v", r)
	}
}

func TestNumbersStayWithinTheModelsRanges(t *testing.T) {
	t.Parallel()
	in := simple()
	in.Options = task.Options{Steps: 400, CFG: 99}
	if r := build(t, named(t, "siliconflow-qwen-image-edit"), in); r.Steps != 100 || r.CFG != 20 {
		t.Errorf("too much: %+v", r)
	}
	seeds := map[int64]int64{0: seedUint32, 1: 1, 2147483647: 2147483647}
	for seed, want := range seeds {
		in.Seed = seed
		if r := build(t, named(t, "hunyuan-3.0"), in); r.Seed != want {
			t.Errorf("seed %d became %d, want %d", seed, r.Seed, want)
		}
	}
	if got := (Seeds{Least: 1, Most: 10}).of(25); got < 1 || got > 10 {
		t.Errorf("a seed beyond the range became %d", got)
	}
}

func TestTheNoteShrinksFirstAndStyleAndSafetyNever(t *testing.T) {
	t.Parallel()
	in := simple()
	in.Options.Note = strings.Repeat("一只橘猫", 50)
	p, b := named(t, "seedream-4.0"), New()
	whole := build(t, p, in)
	seen := map[string]bool{}
	for most := p.Text.Unit.Count(whole.Text); ; most-- {
		p.Text.Most = most
		r, err := b.Build(p, in)
		if errors.Is(err, ErrTooLong) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Text.Unit.Count(r.Text) > most {
			t.Fatalf("%d counted, %d allowed: %q", p.Text.Unit.Count(r.Text), most, r.Text)
		}
		if !strings.Contains(r.Text, "水墨画。") || !strings.Contains(r.Text, words(Chinese).safety) {
			t.Fatalf("style or safety was cut at %d: %q", most, r.Text)
		}
		if r.Note != "" && len(r.Cut) > 1 {
			t.Fatalf("a note of %q is left while %v was cut", r.Note, r.Cut)
		}
		for _, c := range r.Cut {
			seen[c] = true
		}
	}
	for _, part := range []string{"note", "avoid", "place", "identity"} {
		if !seen[part] {
			t.Errorf("%s was never shortened", part)
		}
	}
}

func TestTheSceneIsNamedEvenWhenItCannotBeDescribed(t *testing.T) {
	t.Parallel()
	d := catalog.Builtin()
	p, b := named(t, "irag-1.0"), New()
	for _, s := range d.Styles {
		for _, e := range d.Places {
			r, err := b.Build(p, Input{Style: s, Place: e})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(r.Text, s.PromptZH) || !strings.Contains(r.Text, words(Chinese).safety) {
				t.Fatalf("%s in %s: %q", s.ID, e.ID, r.Text)
			}
			if !strings.Contains(r.Text, e.Name.ZH) && !strings.Contains(r.Text, head(e.PromptZH)) {
				t.Errorf("%s in %s says nothing of the place: %q", s.ID, e.ID, r.Text)
			}
		}
	}
}

func TestEveryEntryOfTheCatalogueFitsEveryModel(t *testing.T) {
	t.Parallel()
	d, b := catalog.Builtin(), New()
	for _, p := range Profiles() {
		for _, s := range d.Styles {
			for _, e := range d.Places {
				r, err := b.Build(p, Input{Style: s, Place: e, PhotoWidth: 3, PhotoHeight: 4})
				if err != nil {
					t.Fatalf("%s: %s in %s: %v", p.Name, s.ID, e.ID, err)
				}
				if n := p.Text.Unit.Count(r.Text); n > p.Text.Most {
					t.Errorf("%s: %s in %s counts %d %s, the model reads %d", p.Name, s.ID, e.ID, n, p.Text.Unit, p.Text.Most)
				}
				if n := p.Negative.Unit.Count(r.Negative); n > p.Negative.Most {
					t.Errorf("%s: %s in %s avoids %d %s, the model reads %d", p.Name, s.ID, e.ID, n, p.Negative.Unit, p.Negative.Most)
				}
				if p.Text.Most >= 600 && len(r.Cut) > 0 && r.Cut[0] != "avoid" {
					t.Errorf("%s: %s in %s lost its %v", p.Name, s.ID, e.ID, r.Cut)
				}
			}
		}
	}
}

func TestModelsAreFoundByTheLongestBeginning(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"seedream", "doubao-seedream-4-0-250828", "seedream-4.0"}, {"seedream", "ep-20250101-abc", "seedream-4.0"},
		{"seedream", "doubao-seedream-4-5-251128", "seedream-4.5"}, {"dashscope", "wan2.5-i2i-preview", "wan2.5-i2i-preview"},
		{"dashscope", "qwen-image-edit", "qwen-image-edit"}, {"dashscope", "qwen-image-edit-plus-2025-10-30", "qwen-image-edit-plus"},
		{"dashscope", "wan2.7-image-pro", "wan2.7-image-pro"}, {"dashscope", "wan9", "dashscope-other"}, {"dashscope", "", "wan2.5-i2i-preview"},
		{"qianfan", "qwen-image-edit", "qianfan-qwen-image-edit"}, {"qianfan", "qwen-image", "qianfan-qwen-image"},
		{"hunyuan", "", "hunyuan-3.0"}, {"hunyuan", "hy-image-v3", "hy-image-v3"}, {"hunyuan", "hy-image-v3.5-preview", "hy-image-v3.5-preview"},
		{"openai", "gpt-image-1", "gpt-image-1"}, {"openai", "Qwen/Qwen-Image-Edit-2509", "siliconflow-qwen-image-edit"},
		{"openai", "qwen_image_edit", "maas-qwen-image-edit"}, {"openai", "black-forest-labs/FLUX.1-Kontext-pro", "flux-kontext"},
		{"openai", "my-model", "openai-other"}, {"mock", "latency=800ms", "mock"}, {"unheard", "of", "other"},
	} {
		if p := For(c[0], c[1]); p.Name != c[2] {
			t.Errorf("%s %q is %s, want %s", c[0], c[1], p.Name, c[2])
		}
	}
	if p := named(t, "Seedream-4.5"); p.Kind != "seedream" {
		t.Errorf("by its own name: %+v", p)
	}
	if p := named(t, "doubao-seedream-4-5-251128"); p.Name != "seedream-4.5" {
		t.Errorf("by a model's id: %+v", p)
	}
	if _, ok := Named("nobody"); ok {
		t.Error("a model that nobody described was found")
	}
}

func TestProfilesAreSound(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range Profiles() {
		if slices.Contains(names, p.Name) || p.Name == "" || p.Kind == "" || len(p.Models) == 0 {
			t.Errorf("%+v", p)
		}
		names = append(names, p.Name)
		if p.Usual && For(p.Kind, "").Name != p.Name {
			t.Errorf("%s is the usual model and so is %s", p.Name, For(p.Kind, "").Name)
		}
		if p.Text.Most < 200 || p.Text.Unit == "" || p.Language != Chinese && p.Language != English {
			t.Errorf("%s: %+v", p.Name, p.Text)
		}
		for _, m := range p.Models {
			if m != strings.ToLower(m) {
				t.Errorf("%s: %q has capitals", p.Name, m)
			}
		}
	}
}
