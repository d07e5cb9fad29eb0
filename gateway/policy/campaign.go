package policy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

// Admit returns the campaign that a task wants to belong to if it is open, or
// says why not: fault.CampaignUnknown, fault.CampaignNotOpen, which knows when
// it opens, or fault.CampaignOver.
func (s *State) Admit(name string, now time.Time) (Campaign, error) {
	c, known := s.Campaigns[name]
	if !known {
		return c, fault.New(fault.CampaignUnknown).At("/campaign", fault.FieldUnknown, "is not known")
	}
	switch c.Phase(now) {
	case operator.CampaignOpen:
		return c, nil
	case operator.CampaignScheduled:
		f := fault.New(fault.CampaignNotOpen).After(c.From.Sub(now)).With("from", spoken(c.From))
		f.ResetsAt = c.From
		return c, f
	default:
		return c, fault.New(fault.CampaignOver)
	}
}

// spoken is a moment as people in China read it.
func spoken(t time.Time) string {
	return t.In(shanghai.Zone()).Format("2006-01-02 15:04")
}

// OpenCampaigns are the names of those that are open at a moment, in the order in
// which they close.
func (s *State) OpenCampaigns(now time.Time) []string {
	var names []string
	for name, c := range s.Campaigns {
		if c.Open(now) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(s.Campaigns[a].To.Compare(s.Campaigns[b].To), cmp.Compare(a, b))
	})
	return names
}

// Reserved is the capacity of the open campaigns together.
func (s *State) Reserved(now time.Time) (tasks int64) {
	for _, name := range s.OpenCampaigns(now) {
		tasks += s.Campaigns[name].Capacity
	}
	return tasks
}

// NextCampaign is the next moment after now at which a campaign opens or closes.
func (s *State) NextCampaign(now time.Time) (at time.Time, ok bool) {
	for _, c := range s.Campaigns {
		for _, t := range []time.Time{c.From, c.To} {
			if c.EndedAt == nil && t.After(now) && (!ok || t.Before(at)) {
				at, ok = t, true
			}
		}
	}
	return at, ok
}

const (
	mostCampaigns       = 20      // not over at once: each has a stream of the engine
	keptCampaigns       = 100     // over ones included
	maxCampaignCapacity = 100_000 // like the default of limits.queueDepth
	maxCampaignLength   = 366 * 24 * time.Hour
	maxLandingURL       = 500
)

// AddCampaign adds a campaign under a new name. When too many are kept, those
// that have been over for longest are removed.
func (s *State) AddCampaign(name string, c Campaign, now time.Time) error {
	if _, taken := s.Campaigns[name]; taken {
		return fault.New(fault.CampaignExists).With("name", name)
	}
	s.Campaigns[name] = c
	live := 0
	var past []string
	for n, c := range s.Campaigns {
		if c.Live(now) {
			live++
		} else {
			past = append(past, n)
		}
	}
	if live > mostCampaigns {
		return fault.New(fault.CampaignsTooMany).With("most", strconv.Itoa(mostCampaigns))
	}
	slices.SortFunc(past, func(a, b string) int { return s.Campaigns[a].Closes().Compare(s.Campaigns[b].Closes()) })
	for len(s.Campaigns) > keptCampaigns {
		delete(s.Campaigns, past[0])
		past = past[1:]
	}
	return nil
}

// ValidCampaign reports whether a name is good for a campaign. It becomes part
// of URLs and of the engine's subjects.
func ValidCampaign(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return name != "" && len(name) <= 32 && strings.Trim(name, letters+"-") == "" && name == strings.Trim(name, "-")
}
