package prompt

import (
	"math"
	"slices"
	"strings"
)

// parts are the sentences of a request without the note, in their order.
type parts struct{ identity, place, style, safety, avoid string }

func (p parts) join(l Language) string {
	kept := []string{p.identity, p.place, p.style, p.safety, p.avoid}
	kept = slices.DeleteFunc(kept, func(s string) bool { return s == "" })
	if l == Chinese {
		return strings.Join(kept, "")
	}
	return strings.Join(kept, " ")
}

// base is the text without a note. When it is too long for the model, the scene
// becomes shorter and then the sentence about the people. Style and safety are
// never cut.
func (p Profile) base(in Input, l Language) (text string, cut []string, err error) {
	w := words(l)
	place := strings.TrimRight(pick(l, in.Place.PromptZH, in.Place.Prompt), " .。,，;；")
	style := items(w.unsafe, pick(l, in.Style.NegativeZH, in.Style.Negative))
	all := items(w.unsafe, pick(l, in.Style.NegativeZH, in.Style.Negative), pick(l, in.Place.NegativeZH, in.Place.Negative))
	s := parts{
		identity: w.sentence(pick(l, in.Style.Identity.ZH, in.Style.Identity.EN)),
		style:    w.sentence(pick(l, in.Style.PromptZH, in.Style.Prompt)), safety: w.safety,
	}
	if s.identity == "" {
		s.identity = w.identity
	}
	scene := func(s string) string {
		if s == "" {
			return ""
		}
		return w.sentence(w.place + s)
	}
	avoid := func(list []string) string {
		if p.Negative.Most > 0 || len(list) == 0 {
			return ""
		}
		return w.sentence(w.avoid + strings.Join(list, w.comma))
	}
	s.place, s.avoid = scene(place), avoid(all)
	over := math.MaxInt
	for _, shorten := range []struct {
		what string
		how  func()
	}{
		{"", func() {}},
		{"avoid", func() { s.avoid = avoid(style) }},
		{"place", func() { s.place = scene(head(place)) }},
		{"avoid", func() { s.avoid = "" }},
		{"place", func() { s.place = scene(pick(l, in.Place.Name.ZH, in.Place.Name.EN)) }},
		{"identity", func() { s.identity = shorter(s.identity, w.short) }},
	} {
		before := s
		shorten.how()
		if s != before && (len(cut) == 0 || cut[len(cut)-1] != shorten.what) {
			cut = append(cut, shorten.what)
		}
		text = s.join(l)
		if over = min(over, p.Text.Unit.Count(text)-p.Text.Most); over <= 0 {
			return text, cut, nil
		}
	}
	return "", nil, tooLong{over, p.Text.Unit}
}

func shorter(a, b string) string {
	if len(a) <= len(b) {
		return a
	}
	return b
}

// head is a scene without its details.
func head(place string) string {
	if i := strings.IndexAny(place, ":："); i > 0 {
		return place[:i]
	}
	return place
}

// negative is what the model shall avoid, for models with a negative prompt. When
// it is too long, the end of the scene's list is left out.
func (p Profile) negative(in Input, l Language) (string, error) {
	if p.Negative.Most == 0 {
		return "", nil
	}
	w := words(l)
	must := items(w.unsafe, pick(l, in.Style.NegativeZH, in.Style.Negative))
	all := items(append(must, pick(l, in.Place.NegativeZH, in.Place.Negative))...)
	over := 0
	for n := len(all); n >= len(must); n-- {
		text := strings.Join(all[:n], w.comma)
		if over = p.Negative.Unit.Count(text) - p.Negative.Most; over <= 0 {
			return text, nil
		}
	}
	return "", tooLong{over, p.Negative.Unit}
}
