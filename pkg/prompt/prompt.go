package prompt

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Input is what a job says of the picture to make.
type Input struct {
	Style       catalog.Style
	Place       catalog.Place
	Options     task.Options
	Seed        int64
	PhotoWidth  int // upright; 0 when not known
	PhotoHeight int
}

// Request is what a model is asked for. What is zero is not sent.
type Request struct {
	Text          string
	Negative      string
	Size          string // in the model's spelling
	Width, Height int    // the same in pixels; 0 when the model chooses
	Steps         int
	CFG           float64
	Strength      float64
	Seed          int64
}

// Build joins style, place and the person's note. The person stays the
// person: that sentence comes first, because models weigh the beginning most.
func Build(in Input) Request {
	parts := []string{"Keep the person in the photo recognisable, with the same face, pose and clothing"}
	for _, part := range []string{in.Place.Prompt, in.Style.Prompt, in.Options.Note} {
		if part = strings.Trim(strings.TrimSpace(part), ".,;"); part != "" {
			parts = append(parts, part)
		}
	}
	r := Request{
		Text: strings.Join(parts, ". ") + ".", Negative: in.Style.Negative,
		Steps: cmp.Or(in.Options.Steps, in.Style.Defaults.Steps), CFG: cmp.Or(in.Options.CFG, in.Style.Defaults.CFG),
		Strength: in.Style.Strength, Seed: in.Seed,
	}
	o := in.Options
	o.Aspect, o.Resolution = cmp.Or(o.Aspect, in.Style.Defaults.Aspect), cmp.Or(o.Resolution, in.Style.Defaults.Resolution)
	if _, chosen := Ratio(o.Aspect); chosen || in.PhotoWidth > 0 && in.PhotoHeight > 0 {
		r.Width, r.Height = Size(in.PhotoWidth, in.PhotoHeight, o)
		r.Size = strconv.Itoa(r.Width) + "x" + strconv.Itoa(r.Height)
	}
	return r
}
