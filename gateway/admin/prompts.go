package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// renderPrompt goes the way of a task: the catalogue in force, the rules for
// notes, and the builder that workers use.
func (s *Server) renderPrompt(r *http.Request, q operator.PromptRequest) (any, error) {
	p, in, err := s.promptInput(q)
	if err != nil {
		return nil, err
	}
	if q.Note != "" && s.deps.Notes != nil {
		if in.Options.Note, err = s.deps.Notes.Check(r.Context(), q.Note); err != nil {
			return nil, err
		}
	}
	b, err := s.prompts.Build(p, in)
	if err != nil {
		return nil, fault.Wrap(fault.PromptTooLong, err)
	}
	out := operator.Prompt{
		Model: p.Name, Kind: p.Kind, Language: string(b.Language), Text: b.Text, Length: p.Text.Unit.Count(b.Text), Limit: p.Text.Most,
		Unit: string(p.Text.Unit), Negative: b.Negative, Size: b.Size, Steps: b.Steps, CFG: b.CFG, Strength: b.Strength,
		Note: b.Note, Cut: b.Cut, CatalogVersion: s.deps.Policy.Catalog().Version, TemplateVersion: in.Style.TemplateVersion,
	}
	if b.Seed >= 0 {
		out.Seed = &b.Seed
	}
	return out, nil
}

// promptInput resolves a request against the catalogue in force.
func (s *Server) promptInput(q operator.PromptRequest) (prompt.Profile, prompt.Input, error) {
	doc := s.deps.Policy.Catalog()
	p, known := s.profile(q.Model)
	if !known {
		return p, prompt.Input{}, fault.New(fault.ModelNotFound).With("known", s.modelNames())
	}
	in := prompt.Input{
		Options:  task.Options{Aspect: q.Aspect, Resolution: q.Resolution, Steps: q.Steps, CFG: q.CFG, Note: q.Note},
		Language: prompt.Language(q.Language), Seed: q.Seed, PhotoWidth: q.PhotoWidth, PhotoHeight: q.PhotoHeight,
	}
	if in.Style, known = doc.Style(q.Style); !known {
		return p, in, fault.New(fault.StyleNotFound).With("known", strings.Join(doc.StyleIDs(), ", "))
	}
	if in.Place, known = doc.Place(q.Place); !known {
		return p, in, fault.New(fault.PlaceNotFound).With("known", strings.Join(doc.PlaceIDs(), ", "))
	}
	switch {
	case q.Language != "" && in.Language != prompt.Chinese && in.Language != prompt.English:
		return p, in, invalid("/language", "must be zh or en")
	case q.Seed < 0 || q.Seed > 1<<31-1:
		return p, in, invalid("/seed", "must be 0…2147483647")
	case q.PhotoWidth < 0 || q.PhotoHeight < 0:
		return p, in, invalid("/photoWidth", "must not be negative")
	}
	return p, in, nil
}

// profile finds a model by the name of its profile, by that of a configured
// provider, or by an id.
func (s *Server) profile(name string) (prompt.Profile, bool) {
	p, known := prompt.Named(name)
	if known && strings.EqualFold(p.Name, name) {
		return p, true
	}
	for _, c := range s.deps.Providers {
		if c.Name == name {
			return prompt.For(c.Kind, c.Model), true
		}
	}
	return p, known
}

// modelNames are all names of models, without their ids.
func (s *Server) modelNames() string {
	var names []string
	for _, p := range s.deps.Providers {
		names = append(names, p.Name)
	}
	for _, p := range prompt.Profiles() {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

func (s *Server) models(*http.Request) (any, error) {
	out := operator.List[operator.Model]{}
	for _, p := range prompt.Profiles() {
		m := operator.Model{
			Name: p.Name, Kind: p.Kind, Models: p.Models, Language: string(p.Language), Limit: p.Text.Most, Unit: string(p.Text.Unit),
			NegativeLimit: p.Negative.Most, Size: p.Size.Example(), Takes: []string{},
		}
		for _, n := range []struct {
			name  string
			takes bool
		}{{"steps", p.Steps.Takes()}, {"cfg", p.CFG.Takes()}, {"strength", p.Strength.Takes()}, {"seed", p.Seed.Most > 0}} {
			if n.takes {
				m.Takes = append(m.Takes, n.name)
			}
		}
		out.Data = append(out.Data, m)
	}
	return out, nil
}
