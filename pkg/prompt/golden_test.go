package prompt

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestWhatEachModelIsAsked compares with a golden file a model. Each shows
// every style and every place, and one request with all options and a note.
func TestWhatEachModelIsAsked(t *testing.T) {
	t.Parallel()
	d, b := catalog.Builtin(), New()
	for _, p := range Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			show := func(in Input) {
				r, err := b.Build(p, in)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&out, "=== %s in %s\n", in.Style.ID, in.Place.ID)
				write(&out, p, r)
			}
			for i, e := range d.Places {
				show(Input{Style: d.Styles[i%len(d.Styles)], Place: e, Seed: int64(i), PhotoWidth: 3024, PhotoHeight: 4032})
			}
			show(Input{
				Style: d.Styles[0], Place: d.Places[0], Seed: 2147483647,
				Options: task.Options{Aspect: "16:9", Resolution: "1k", Steps: 50, CFG: 20, Note: "带上我的橘猫🐱，戴一顶红帽子 and a yellow umbrella"},
			})
			compare(t, filepath.Join("testdata", "golden", p.Name+".txt"), out.String())
		})
	}
}

func write(out *strings.Builder, p Profile, r Request) {
	fmt.Fprintf(out, "text (%d of %d %s): %s\n", p.Text.Unit.Count(r.Text), p.Text.Most, p.Text.Unit, r.Text)
	if r.Negative != "" {
		fmt.Fprintf(out, "negative (%d of %d): %s\n", p.Negative.Unit.Count(r.Negative), p.Negative.Most, r.Negative)
	}
	fmt.Fprintf(out, "size: %q steps: %d cfg: %g strength: %g seed: %d cut: %v\n\n", r.Size, r.Steps, r.CFG, r.Strength, r.Seed, r.Cut)
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("%s:%d (run with -update when it is meant):\n got %s\nwant %s", path, i+1, b[i], a[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", path, len(b), len(a))
}
