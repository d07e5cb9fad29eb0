package prompt

import (
	"math"
	"slices"
	"strings"
)

// Profile is how one model wants to be asked.
type Profile struct {
	Name     string   // as operators say it
	Kind     string   // of the provider
	Models   []string // beginnings of the model's id, lower case; "" is any other model of the kind
	Usual    bool     // the driver's choice where no model is configured
	Jobs     bool     // the vendor works asynchronously: a picture may take minutes
	Language Language
	Text     Limit
	Negative Limit // Most 0: the model takes no negative prompt
	Size     Sizes
	Steps    Range
	CFG      Range
	Strength Range
	Seed     Seeds
}

// Range is what a number may be; the zero range means that the model takes no
// such number.
type Range struct{ Least, Most float64 }

// Takes reports whether the model takes the number at all.
func (r Range) Takes() bool { return r != Range{} }

// number is a person's number or a catalogue's.
type number interface{ ~int | ~float64 }

// clamp moves v into the range. 0 was not chosen and is not sent.
func clamp[N number](r Range, v N) N {
	if !r.Takes() || v == 0 || math.IsNaN(float64(v)) { // NaN is nobody's choice
		return 0
	}
	return N(max(r.Least, min(float64(v), r.Most)))
}

// Seeds are the seeds that a model takes; Most 0: none.
type Seeds struct{ Least, Most int64 }

// of maps a task's seed, 0…2147483647, to a seed of the model. It is the same one
// where that is possible. Where the model begins at 1, seed 0 becomes the
// largest, so that two seeds of a person never become one.
func (s Seeds) of(seed int64) int64 {
	switch {
	case s.Most == 0:
		return -1
	case seed < s.Least:
		return s.Most
	case seed > s.Most:
		return s.Least + seed%(s.Most-s.Least+1)
	}
	return seed
}

// Kinds are the kinds of providers that there are profiles for, in the order
// of Profiles: all that a configuration may name.
func Kinds() []string {
	var kinds []string
	for _, p := range Profiles() {
		if !slices.Contains(kinds, p.Kind) {
			kinds = append(kinds, p.Kind)
		}
	}
	return kinds
}

// For finds the profile of a provider's model by the longest beginning that
// fits. An unknown model gets the plainest profile of its kind.
func For(kind, model string) Profile {
	for _, p := range Profiles() {
		if model == "" && p.Kind == kind && p.Usual {
			return p
		}
	}
	p, _ := find(model, func(p Profile) bool { return p.Kind == kind })
	return p
}

// Named finds a profile by its own name or by a model's id, of whatever kind.
func Named(name string) (Profile, bool) {
	for _, p := range Profiles() {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	p, length := find(name, func(Profile) bool { return true })
	return p, length > 0
}

// find returns the profile with the longest beginning of model and how long
// that was, or a plain one.
func find(model string, among func(Profile) bool) (Profile, int) {
	best, length := Profile{}, -1
	model = strings.ToLower(model)
	for _, p := range Profiles() {
		for _, m := range p.Models {
			if among(p) && strings.HasPrefix(model, m) && len(m) > length {
				best, length = p, len(m)
			}
		}
	}
	if length < 0 {
		return plain("other", ""), length
	}
	return best, length
}

// plain asks only for words.
func plain(name, kind string) Profile {
	return Profile{Name: name, Kind: kind, Models: []string{""}, Language: English, Text: Limit{1000, Characters}}
}
