package policy

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
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

// Reserved is what the open campaigns may have waiting and running at once,
// beside everybody else.
func (s *State) Reserved(now time.Time) (tasks int64) {
	for _, name := range s.OpenCampaigns(now) {
		tasks += s.Campaigns[name].Capacity
	}
	return tasks
}

// QueueDepth is how many tasks may wait or run at a moment: limits.queueDepth,
// and beside it what the open campaigns have for themselves. 0: no limit.
func (s *Store) QueueDepth(now time.Time) int64 {
	depth := s.Limits().QueueDepth
	if depth > 0 {
		depth += s.State().Reserved(now)
	}
	return depth
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
	maxCampaignCapacity = 100_000 // as the queue's usual depth
	maxCampaignLength   = 366 * 24 * time.Hour
	maxLandingURL       = 500
)

// AddCampaign adds a campaign under a name that no kept one has; those that
// were over first make room for it.
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

// ValidCampaign reports whether a name can be one: it stands in addresses,
// and in the engine's subjects.
func ValidCampaign(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return name != "" && len(name) <= 32 && strings.Trim(name, letters+"-") == "" && name == strings.Trim(name, "-")
}

// checkCampaigns says everything that is wrong with the campaigns.
func (s *State) checkCampaigns(f *fault.Fault) *fault.Fault {
	for name, c := range s.Campaigns {
		f = checkCampaign(f, name, c)
	}
	return f
}

// checkCampaign says everything that is wrong with a campaign.
func checkCampaign(f *fault.Fault, name string, c Campaign) *fault.Fault {
	wrong := func(field, detail string) { f = f.At("/campaigns/"+name+"/"+field, fault.FieldOutOfRange, detail) }
	if !ValidCampaign(name) {
		wrong("name", "must be 1…32 lower-case letters, digits and inner dashes")
	}
	if c.From.IsZero() || !c.To.After(c.From) || c.To.Sub(c.From) > maxCampaignLength {
		wrong("to", "must be after from, and at most a year")
	}
	if c.Capacity < 1 || c.Capacity > maxCampaignCapacity {
		wrong("capacity", fmt.Sprintf("must be 1…%d", maxCampaignCapacity))
	}
	if c.DailyBudgetFen < 0 {
		wrong("dailyBudgetFen", "must not be negative")
	}
	if c.BrandMark != "" && !task.ValidBrandMark(c.BrandMark) {
		wrong("brandMark", fmt.Sprintf("must be at most %d characters of ASCII and GB 2312, in one line, a letter or digit among them", task.MaxBrandMark))
	}
	if c.LandingURL != "" && !landing(c.LandingURL) {
		wrong("landingUrl", fmt.Sprintf("must be an https address of at most %d characters, without a user", maxLandingURL))
	}
	return f
}

// landing reports whether an address may be given to everybody who makes a
// picture.
func landing(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= maxLandingURL && u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}
