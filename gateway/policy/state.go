package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// State is everything an operator can change while it runs. A State that
// Store.State returned is shared: never change it, use Store.Apply.
type State struct {
	Version   int                 `json:"version"`             // counts changes; 0 before the first
	Limits    map[string]int64    `json:"limits,omitempty"`    // overrides of the configured ones
	Providers map[string]Provider `json:"providers,omitempty"` // by configured name
	Intake    Intake              `json:"intake,omitzero"`
	Budgets   map[string]int64    `json:"budgets,omitempty"` // fen a Shanghai day, by provider or WholeService
	Workers   map[string]Worker   `json:"workers,omitempty"` // by worker id
	Catalog   Catalog             `json:"catalog,omitzero"`
	Ramp      *Ramp               `json:"ramp,omitempty"` // the last switch from one provider to another
	Fallback  Fallback            `json:"fallback,omitzero"`

	Experiments map[string]Experiment `json:"experiments,omitempty"` // by name; at most one is running
	Campaigns   map[string]Campaign   `json:"campaigns,omitempty"`   // by name
}

// What operators write is kept as they write it.
type (
	// Limits are the bounds that operators set while everything runs.
	Limits = limit.Limits

	// Fallback is what operators have set of how tasks go on when a provider
	// fails or is slow.
	Fallback = operator.FallbackOverride

	// Campaign is a known event that brings a crowd. Each gateway opens and
	// closes it by its own clock.
	Campaign = operator.Campaign

	// Experiment compares ways to make pictures. Those that ended stay, so that
	// operators see what became of them.
	Experiment = operator.Experiment

	// Arm is one of the ways that an experiment compares.
	Arm = operator.Arm

	// Change is one entry of the history.
	Change = operator.Change
)

// Catalog says which catalogue is in force. Documents are kept beside the
// state, so that a change of a limit does not write a whole catalogue again.
type Catalog struct {
	Version  int `json:"version,omitempty"`  // 0: the built-in one
	Previous int `json:"previous,omitempty"` // in force before, for going back
}

// WholeService names the budget of all providers together.
const WholeService = "*"

// Provider overrides how one provider is used.
type Provider struct {
	Disabled bool   `json:"disabled,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Weight   *int   `json:"weight,omitempty"` // nil: as configured; 0: only when nothing else is left
}

// Intake says whether new tasks are accepted.
type Intake struct {
	Paused bool       `json:"paused,omitempty"`
	Reason string     `json:"reason,omitempty"`
	Until  *time.Time `json:"until,omitempty"` // the pause ends by itself
}

// PausedAt reports whether new tasks are refused at a moment.
func (i Intake) PausedAt(now time.Time) bool {
	return i.Paused && (i.Until == nil || now.Before(*i.Until))
}

// Worker overrides how one worker is used.
type Worker struct {
	Drain  bool   `json:"drain,omitempty"` // gets no new attempts
	Reason string `json:"reason,omitempty"`
}

// Disabled reports whether a provider is switched off.
func (s *State) Disabled(provider string) bool { return s.Providers[provider].Disabled }

// Weight is a provider's weight, configured unless it was changed.
func (s *State) Weight(provider string, configured int) int {
	if w := s.Providers[provider].Weight; w != nil {
		return *w
	}
	return configured
}

// Draining reports whether a worker gets no new attempts.
func (s *State) Draining(worker string) bool { return s.Workers[worker].Drain }

// Edit says who changes what and why. Nothing but Who and Action is needed.
type Edit struct {
	Who     string // a person or a machine, as they call themselves
	Action  string // "quota.set", "provider.disable"
	Subject string // what it is about: a provider, a worker, a key
	Reason  string
	Expect  *int // apply only to this version, else Conflict "precondition_failed"
	DryRun  bool // compute and check the change, write nothing
}

// MaxWeight is the most that a provider or an arm may weigh.
const MaxWeight = 1000

// fill makes the maps, so that a change can write into them.
func (s *State) fill() {
	s.Limits, s.Budgets = filled(s.Limits), filled(s.Budgets)
	s.Providers, s.Workers = filled(s.Providers), filled(s.Workers)
	s.Experiments, s.Campaigns = filled(s.Experiments), filled(s.Campaigns)
}

// filled is a map that can be written into.
func filled[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// prune drops empty entries, so that "enabled again" and "never changed" are
// the same state.
func (s *State) prune() {
	maps.DeleteFunc(s.Providers, func(_ string, p Provider) bool { return p == Provider{} })
	maps.DeleteFunc(s.Workers, func(_ string, w Worker) bool { return w == Worker{} })
}

// revision is what the bucket holds: the state and the change that made it.
type revision struct {
	State  State  `json:"state"`
	Change Change `json:"change"`
}

// read decodes a revision; nil is the one before the first.
func read(value []byte) (r revision, err error) {
	if value == nil {
		return r, nil
	}
	if err := json.Unmarshal(value, &r); err != nil {
		return r, fmt.Errorf("read policy: %w", err)
	}
	return r, nil
}
