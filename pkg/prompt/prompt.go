package prompt

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// ErrTooLong is why a style cannot be asked of a model: its wording and the
// safety wording, which are never cut, are longer than the model reads.
var ErrTooLong = errors.New("style and safety wording are longer than the model reads")

// tooLong is an ErrTooLong that knows by how much.
type tooLong struct {
	over int
	unit Unit
}

// Error says by how much, in the unit of the model.
func (e tooLong) Error() string { return fmt.Sprintf("%v: %d %s too many", ErrTooLong, e.over, e.unit) }

// Unwrap makes it an ErrTooLong.
func (e tooLong) Unwrap() error { return ErrTooLong }

// Input is what a job says of the picture to make.
type Input struct {
	Style       catalog.Style
	Place       catalog.Place
	Options     task.Options
	Seed        int64
	PhotoWidth  int // upright; 0 when not known
	PhotoHeight int
	Language    Language // "" is the model's own
}

// Request is what a model is asked for. What is zero is not sent.
type Request struct {
	Text          string
	Negative      string // "" also when the model takes none: Text says it then
	Size          string // in the model's spelling
	Width, Height int    // the same in pixels; 0 when the model chooses
	Steps         int
	CFG           float64
	Strength      float64
	Seed          int64 // -1: the model takes none

	Language Language
	Note     string   // what was left of the person's note
	Cut      []string // what had to be shortened, in the order it was
}

// Builder makes requests. It is safe for concurrent use.
type Builder struct{ notes *cleaner }

// New makes a builder.
func New() *Builder { return &Builder{notes: newCleaner()} }

// Build makes the request for a model. The note adds its own quoted words and
// changes nothing else of the request.
func (b *Builder) Build(p Profile, in Input) (Request, error) {
	lang := cmp.Or(in.Language, p.Language)
	r := Request{
		Language: lang,
		Steps:    clamp(p.Steps, cmp.Or(in.Options.Steps, in.Style.Defaults.Steps)),
		CFG:      clamp(p.CFG, cmp.Or(in.Options.CFG, in.Style.Defaults.CFG)),
		Strength: clamp(p.Strength, in.Style.Strength),
		Seed:     p.Seed.of(in.Seed),
	}
	r.Size, r.Width, r.Height = p.Size.of(in)
	var err error
	if r.Negative, err = p.negative(in, lang); err != nil {
		return Request{}, err
	}
	if r.Text, r.Cut, err = p.base(in, lang); err != nil {
		return Request{}, err
	}
	if note := b.notes.clean(in.Options.Note); note != "" {
		room := p.Text.Most - p.Text.Unit.Count(r.Text)
		section, kept := quote(lang, note, p.Text.Unit, room)
		if kept != note {
			r.Cut = append([]string{"note"}, r.Cut...)
		}
		r.Text, r.Note = r.Text+section, kept
	}
	return r, nil
}
