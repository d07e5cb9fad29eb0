package policy

import "regexp"

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

// named reports whether a name can be part of a key and a label of a metric.
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
