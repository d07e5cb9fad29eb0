package intake

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	maxSeed    = 1<<31 - 1
	maxNote    = 200
	pauseRetry = 30 * time.Second
)

// choice is what a request chose from the catalogue, and its note with
// forbidden words masked.
type choice struct {
	style   catalog.Style
	place   catalog.Place
	note    string
	version int
}

// validate looks the request up in the catalogue and checks its note. It reports
// all options that are out of range at once, each with a JSON pointer.
func (in *Intake) validate(ctx context.Context, r Request) (choice, error) {
	doc := in.policy.Catalog()
	if err := checkPresent(r); err != nil {
		return choice{}, err
	}
	c := choice{version: doc.Version}
	var known bool
	if c.style, known = doc.Style(r.Style); !known {
		return choice{}, fault.New(fault.StyleUnknown).At("/style", fault.FieldUnknown, "is not in the catalogue")
	}
	if c.place, known = doc.Place(r.Place); !known {
		return choice{}, fault.New(fault.PlaceUnknown).At("/place", fault.FieldUnknown, "is not in the catalogue")
	}
	if err := checkOptions(r.Options, doc.Options); err != nil {
		return choice{}, err
	}
	if r.Options.Note == "" {
		return c, nil
	}
	var err error
	if c.note, err = in.text.Check(ctx, r.Options.Note); err != nil {
		return choice{}, fmt.Errorf("check note: %w", err)
	}
	return c, nil
}

func checkPresent(r Request) error {
	f := fault.New(fault.InvalidRequest)
	for _, field := range []struct{ pointer, value string }{
		{"/uploadId", string(r.Upload)}, {"/style", r.Style}, {"/place", r.Place},
	} {
		if field.value == "" {
			f = f.At(field.pointer, fault.FieldRequired, "must be given")
		}
	}
	if len(f.Violations) > 0 {
		return f
	}
	return nil
}

func checkOptions(o task.Options, allowed catalog.Options) error {
	f := fault.New(fault.OptionsInvalid)
	if o.Aspect != "" && !slices.Contains(allowed.Aspect, o.Aspect) {
		f = f.At("/options/aspect", fault.FieldOutOfRange, fmt.Sprintf("must be one of %v", allowed.Aspect))
	}
	if o.Resolution != "" && !slices.Contains(allowed.Resolution, o.Resolution) {
		f = f.At("/options/resolution", fault.FieldOutOfRange, fmt.Sprintf("must be one of %v", allowed.Resolution))
	}
	if o.Steps != 0 && (o.Steps < allowed.Steps[0] || o.Steps > allowed.Steps[1]) {
		f = f.At("/options/steps", fault.FieldOutOfRange, fmt.Sprintf("must be %d…%d", allowed.Steps[0], allowed.Steps[1]))
	}
	if o.CFG != 0 && !(o.CFG >= allowed.CFG[0] && o.CFG <= allowed.CFG[1]) { // also refuses NaN
		f = f.At("/options/cfg", fault.FieldOutOfRange, fmt.Sprintf("must be %g…%g", allowed.CFG[0], allowed.CFG[1]))
	}
	if o.Seed != nil && (*o.Seed < 0 || *o.Seed > maxSeed) {
		f = f.At("/options/seed", fault.FieldOutOfRange, fmt.Sprintf("must be 0…%d", maxSeed))
	}
	longest := maxNote
	if allowed.NoteLength > 0 {
		longest = min(longest, allowed.NoteLength)
	}
	if !utf8.ValidString(o.Note) || utf8.RuneCountInString(o.Note) > longest {
		f = f.At("/options/note", fault.FieldTooLong, fmt.Sprintf("must be at most %d characters", longest))
	}
	if len(f.Violations) > 0 {
		return f
	}
	return nil
}
