package dispatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
)

// scene is what the alarms about providers are read from.
type scene struct {
	providers []routing.Provider // as configured
	state     *policy.State
	workers   []fleet.Member
	known     Known
}

// troubles lists the alarms about providers: each that fails, and that none is
// left. One that an operator has switched off is no news.
func (s scene) troubles() (out []Alarm) {
	for _, p := range s.providers {
		does := s.known.Providers[p.Name]
		if !s.state.Disabled(p.Name) && does.fails() {
			out = append(out, Alarm{What: alarm.ProviderFailing, Name: p.Name, Severity: alarm.Warning, Message: failing(p.Name, does)})
		}
	}
	if reasons, none := s.none(); none {
		out = append(out, Alarm{
			What: alarm.NoProvider, Severity: alarm.Critical, Message: "no provider makes pictures: " + strings.Join(reasons, "; "),
		})
	}
	return out
}

// opened is the answer that opened a breaker of a provider, the first by region.
func (does ProviderStatus) opened() (why health.Refusal, open bool) {
	for _, region := range slices.Sorted(maps.Keys(does.Why)) {
		if does.Breakers[region] == health.Open {
			return does.Why[region], true
		}
	}
	return why, false
}

// fails reports whether a provider fails everybody, or is left alone. One that
// may be asked again, and has made a picture since it failed, does not: that
// nobody has asked it from some region is no trouble.
func (does ProviderStatus) fails() bool {
	for _, state := range does.Breakers {
		if state == health.Open || does.Tasks > 0 {
			return true
		}
	}
	return does.Failing
}

// failing says how a provider fails, in the vendor's own words.
func failing(name string, does ProviderStatus) string {
	what := name + " gives no pictures"
	if share := does.Success; !does.Failing && share != nil && *share > 0 {
		what = fmt.Sprintf("%s fails often (%.0f%% of its last calls gave a picture)", name, 100**share)
	}
	switch opened, open := does.opened(); {
	case does.Tasks > 0 && does.Refusal != nil:
		what += ": " + said(*does.Refusal)
	case open:
		what = name + " was left alone: " + said(opened)
	}
	if does.Tasks > 1 {
		what += fmt.Sprintf(" (%d tasks with %s since its last picture)", does.Tasks, photos(does.Photos))
	}
	return what
}

func photos(n int) string {
	if n == 1 {
		return "one photo"
	}
	return fmt.Sprintf("%d photos", n)
}

// said is a refusal in a few words: class, the vendor's code and its words.
func said(r health.Refusal) string {
	text := strings.TrimSpace(string(r.Class) + " " + r.Code)
	if r.Message != "" {
		text += ": " + r.Message
	}
	return text
}

// none says why none of the providers makes pictures, if so. Where there are
// real models, a stand-in is no substitute. Without any worker, that is the
// cause.
func (s scene) none() (reasons []string, none bool) {
	vendors := slices.DeleteFunc(slices.Clone(s.providers), func(p routing.Provider) bool { return p.Mock() })
	if len(vendors) == 0 {
		vendors = s.providers
	}
	if len(s.workers) == 0 || len(vendors) == 0 {
		return nil, false
	}
	for _, p := range vendors {
		why := s.down(p)
		if why == "" {
			return nil, false
		}
		reasons = append(reasons, p.Name+" "+why)
	}
	return reasons, true
}

// down says why a provider makes no pictures now; "" when it may.
func (s scene) down(p routing.Provider) string {
	switch at := s.standing(p); at.State {
	case ProviderOff:
		return "is switched off" + words(at.Reason)
	case ProviderLonely:
		return "has no worker"
	case ProviderSpent:
		return "has spent its budget"
	case ProviderFailing, ProviderOpen, ProviderProbing:
		if !s.known.Providers[p.Name].Failing && !s.shut(p) {
			return ""
		}
		r := s.known.Providers[p.Name].Refusal
		if r == nil {
			return "fails"
		}
		return "fails" + words(strings.TrimSpace(string(r.Class)+" "+r.Code))
	}
	return ""
}

func words(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// scene is how things stand as the leader sees them.
func (t *term) scene(k Known) scene {
	return scene{
		providers: t.deps.Runs.Router.Config().Providers, state: t.deps.Policy(), workers: t.deps.Fleet.Workers(),
		known: Known{Providers: maps.Clone(k.Providers), SpentFen: k.SpentFen},
	}
}
