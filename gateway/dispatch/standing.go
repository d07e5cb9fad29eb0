package dispatch

import (
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
)

// How a provider stands, as operators see it. Of several the first counts.
const (
	ProviderOff     = "off"           // an operator switched it off
	ProviderLonely  = "no_worker"     // no worker calls it
	ProviderOpen    = health.Open     // it is left alone, from one region at least, until it is tried again
	ProviderProbing = health.HalfOpen // it failed, and its next call finds out whether it is back
	ProviderFailing = "failing"       // it is asked, and fails everybody
	ProviderResting = "resting"       // it asked to be left alone for a moment
	ProviderSpent   = "budget_spent"
	ProviderOK      = "ok"
)

// Standing is how a provider stands, and why.
type Standing struct {
	State  string
	Reason string
	Until  *time.Time // when it is asked again, where that is known
}

// Stand says how a provider stands by what the leader knows.
func Stand(p routing.Provider, state *policy.State, workers []fleet.Member, known Known) Standing {
	return scene{state: state, workers: workers, known: known}.standing(p)
}

func (s scene) standing(p routing.Provider) Standing {
	does := s.known.Providers[p.Name]
	regions := s.regions(p)
	open, until := does.open(regions)
	why := ""
	if does.Refusal != nil {
		why = brief(*does.Refusal)
	}
	switch {
	case s.state.Disabled(p.Name):
		return Standing{State: ProviderOff, Reason: s.state.Providers[p.Name].Reason}
	case len(regions) == 0:
		return Standing{State: ProviderLonely, Reason: "no worker calls it" + in(p.Region)}
	case len(open) > 0:
		if opened, known := does.Why[open[0]]; known {
			why = brief(opened)
		}
		return Standing{State: ProviderOpen, Reason: strings.TrimSuffix("left alone"+in(strings.Join(open, ", "))+": "+why, ": "), Until: until}
	case len(does.Breakers) > 0 && does.Tasks > 0:
		return Standing{State: ProviderProbing, Reason: why}
	case does.Failing:
		return Standing{State: ProviderFailing, Reason: why}
	case does.Rests != nil:
		return Standing{State: ProviderResting, Reason: why, Until: does.Rests}
	case s.spent(p):
		return Standing{State: ProviderSpent, Reason: "its budget of today is spent"}
	}
	return Standing{State: ProviderOK}
}

// brief is a refusal without the vendor's words, where it has a code.
func brief(r health.Refusal) string {
	if r.Code != "" {
		r.Message = ""
	}
	return said(r)
}

// regions are those from which workers may call a provider.
func (s scene) regions(p routing.Provider) (all []string) {
	for _, w := range s.workers {
		if !w.Draining && !s.state.Workers[w.ID].Drain && offers(w, routing.Step{Provider: p}) && !slices.Contains(all, w.Region) {
			all = append(all, w.Region)
		}
	}
	slices.Sort(all)
	return all
}

// open are the regions from which a provider is not asked, and until when the
// first of them waits.
func (does ProviderStatus) open(regions []string) (open []string, until *time.Time) {
	for _, r := range regions {
		if at := does.Until[r]; does.Breakers[r] == health.Open {
			open = append(open, r)
			if until == nil || at.Before(*until) {
				until = &at
			}
		}
	}
	return open, until
}

// shut reports whether a provider is not asked from anywhere.
func (s scene) shut(p routing.Provider) bool {
	regions := s.regions(p)
	open, _ := s.known.Providers[p.Name].open(regions)
	return len(regions) > 0 && len(open) == len(regions)
}

// spent reports whether nothing is left of a provider's budget.
func (s scene) spent(p routing.Provider) bool {
	fen, limited := s.state.Budgets[p.Name]
	return limited && p.PriceFen > 0 && s.known.Providers[p.Name].SpentFen+p.PriceFen > fen
}

func in(region string) string {
	if region == "" {
		return ""
	}
	return " in " + region
}
