package prompt

import (
	"errors"

	"github.com/imgfleet/imgfleet/pkg/catalog"
)

// Excess is a style that a model cannot be asked for, at one place at least.
type Excess struct {
	Style string
	Model string // the profile's name
	Over  int    // how much too long it is at the worst place, in Unit
	Unit  Unit
}

// Excesses lists what is too long in a catalogue, by style and then in the
// order of Profiles. It asks in the models' own languages and without notes,
// which never make a text too long.
func Excesses(doc *catalog.Document) []Excess {
	var all []Excess
	profiles := Profiles()
	names := make([]catalog.Place, len(profiles))
	for i, p := range profiles {
		names[i] = p.longestName(doc.Places)
	}
	for _, s := range doc.Styles {
		for i, p := range profiles {
			if p.over(Input{Style: s, Place: names[i]}).over <= 0 {
				continue // the name of a place is all that must be said of it
			}
			e := Excess{Style: s.ID, Model: p.Name}
			for _, place := range doc.Places {
				if t := p.over(Input{Style: s, Place: place}); t.over > e.Over {
					e.Over, e.Unit = t.over, t.unit
				}
			}
			if e.Over > 0 {
				all = append(all, e)
			}
		}
	}
	return all
}

// over is by how much a text is too long; 0 when it is not.
func (p Profile) over(in Input) tooLong {
	var t tooLong
	if _, err := p.negative(in, p.Language); errors.As(err, &t) {
		return t
	}
	if _, _, err := p.base(in, p.Language); errors.As(err, &t) {
		return t
	}
	return tooLong{}
}

// longestName is a place that has only a name, the longest of the catalogue.
func (p Profile) longestName(places []catalog.Place) catalog.Place {
	var longest catalog.Place
	most := -1
	for _, e := range places {
		name := pick(p.Language, e.Name.ZH, e.Name.EN)
		if n := p.Text.Unit.Count(name); n > most {
			longest, most = catalog.Place{Name: e.Name, Prompt: name, PromptZH: name}, n
		}
	}
	return longest
}
