package policy

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// Experiment is the one that is running, if any.
func (s *State) Experiment() (name string, e Experiment, running bool) {
	for name, e := range s.Experiments {
		if e.Running() {
			return name, e, true
		}
	}
	return "", Experiment{}, false
}

// MaxExperiments are kept; who begins another one removes the oldest.
const MaxExperiments = 50

const (
	minArms, maxArms = 2, 8
	maxSteps         = 1000
	maxCFG           = 100
)

// checkExperiments says everything that is wrong with them.
func (s *State) checkExperiments(f *fault.Fault) *fault.Fault {
	running := 0
	for name, e := range s.Experiments {
		at := "/experiments/" + name
		if !named(name) {
			f = f.At(at, fault.FieldInvalid, "must be lower-case letters, digits and hyphens, at most 40")
		}
		if e.Running() {
			running++
		}
		if e.Traffic < 1 || e.Traffic > 100 {
			f = f.At(at+"/traffic", fault.FieldOutOfRange, "must be 1…100 percent")
		}
		if e.Split != "" && e.Split != operator.SplitWeights && e.Split != operator.SplitThompson {
			f = f.At(at+"/split", fault.FieldInvalid, "must be weights or thompson")
		}
		f = checkArms(f, at+"/arms", e)
	}
	if running > 1 {
		f = f.At("/experiments", fault.FieldConflict, "only one may be running")
	}
	if len(s.Experiments) > MaxExperiments {
		f = f.At("/experiments", fault.FieldTooMany, fmt.Sprintf("must be at most %d", MaxExperiments))
	}
	return f
}

func checkArms(f *fault.Fault, at string, e Experiment) *fault.Fault {
	if len(e.Arms) < minArms || len(e.Arms) > maxArms {
		f = f.At(at, fault.FieldOutOfRange, fmt.Sprintf("must be %d…%d arms", minArms, maxArms))
	}
	seen := make(map[string]bool)
	for i, a := range e.Arms {
		at := at + "/" + strconv.Itoa(i)
		for _, c := range []struct {
			ok            bool
			field, detail string
		}{
			{named(a.Name) && !seen[a.Name], "name", "must be lower-case letters, digits and hyphens, and used once"},
			{a.Provider != "", "provider", "must be given"},
			{a.Weight >= 1 && a.Weight <= MaxWeight, "weight", fmt.Sprintf("must be 1…%d", MaxWeight)},
			{e.Split != operator.SplitThompson || a.Weight == 1, "weight", "does not count here: the arms' results divide the sessions"},
			{a.Steps >= 0 && a.Steps <= maxSteps, "steps", fmt.Sprintf("must be 0…%d", maxSteps)},
			{a.CFG >= 0 && a.CFG <= maxCFG, "cfg", fmt.Sprintf("must be 0…%d", maxCFG)},
			{a.Strength >= 0 && a.Strength <= 1, "strength", "must be 0…1"},
		} {
			if !c.ok {
				f = f.At(at+"/"+c.field, fault.FieldOutOfRange, c.detail)
			}
		}
		seen[a.Name] = true
	}
	return f
}

// named reports whether a name can stand in keys and in labels of metrics.
func named(name string) bool {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`).MatchString(name)
}

// catalogs are the versions that a state needs kept.
func (s *State) catalogs() []int {
	versions := []int{s.Catalog.Version}
	if _, e, running := s.Experiment(); running {
		for _, a := range e.Arms {
			if a.Catalog != 0 {
				versions = append(versions, a.Catalog)
			}
		}
	}
	return versions
}

// armsWords loads the catalogues of the running experiment's arms.
func (s *Store) armsWords(ctx context.Context, state *State) (map[int]*catalog.Document, error) {
	words := make(map[int]*catalog.Document)
	for _, version := range state.catalogs()[1:] {
		doc, err := s.Document(ctx, version)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err == nil {
			words[version] = doc
		}
	}
	return words, nil
}
