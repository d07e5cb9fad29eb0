package providertest

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// choices asks for all that a person may choose from the catalogue, with
// photos of any ratio and one that nobody measured: the vendor takes it all.
func choices(t *testing.T, v Vendor) {
	s, base := v.stand(t, double.Knobs{}), v.Request(t)
	profile, build, doc := v.provider(t, "http://127.0.0.1:1").Profile(), prompt.New(), catalog.Builtin()
	photos := [][2]int{{3024, 4032}, {4000, 200}, {90, 1800}, {0, 0}}
	n := 0
	for _, aspect := range append([]string{""}, doc.Options.Aspect...) {
		for _, resolution := range append([]string{""}, doc.Options.Resolution...) {
			photo := photos[n%len(photos)]
			in := prompt.Input{
				Style: doc.Styles[n%len(doc.Styles)], Place: doc.Places[n%len(doc.Places)], Seed: int64(n%2) * (1<<31 - 1),
				Options: task.Options{
					Aspect: aspect, Resolution: resolution, Steps: doc.Options.Steps[n%2], CFG: doc.Options.CFG[n%2], Note: "戴红帽子",
				},
				PhotoWidth: photo[0], PhotoHeight: photo[1],
			}
			n++
			ask, err := build.Build(profile, in)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Make(t.Context(), asked(base, ask), quiet); err != nil {
				t.Errorf("%q at %q of %v, size %q: %v", aspect, resolution, photo, ask.Size, err)
			}
		}
	}
}

// asked is a request with other words and numbers.
func asked(r provider.Request, ask prompt.Request) provider.Request {
	r.Text, r.Negative, r.Size, r.Width, r.Height = ask.Text, ask.Negative, ask.Size, ask.Width, ask.Height
	r.Steps, r.CFG, r.Strength, r.Seed = ask.Steps, ask.CFG, ask.Strength, ask.Seed
	return r
}
