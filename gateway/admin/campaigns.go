package admin

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// campaigns lists what opens last first.
func (s *Server) campaigns(r *http.Request) (any, error) {
	now, spent := time.Now(), s.deps.Dispatch.Status().Campaigns
	out := operator.List[operator.CampaignStatus]{Data: []operator.CampaignStatus{}}
	for name, c := range s.deps.Policy.State().Campaigns {
		taken, err := s.deps.Campaigns.Taken(r.Context(), name)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, operator.CampaignStatus{Name: name, Campaign: c, State: c.Phase(now), Tasks: taken, SpentFen: spent[name]})
	}
	slices.SortFunc(out.Data, func(a, b operator.CampaignStatus) int {
		return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

func (s *Server) createCampaign(r *http.Request) (any, error) {
	name, c, err := create[operator.Campaign](r, "endedAt")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if !policy.ValidCampaign(name) {
		return nil, invalid("/name", "must be 1…32 lower-case letters, digits and inner dashes")
	}
	if !c.To.After(now) {
		return nil, invalid("/to", "must be in the future")
	}
	c.From, c.To = c.From.UTC(), c.To.UTC()
	return s.change(r, "campaign.create", name, func(state *policy.State) error {
		return state.AddCampaign(name, c, now)
	})
}

func (s *Server) changeCampaign(r *http.Request, p operator.Patch) (any, error) {
	return s.alterCampaign(r, "campaign.set", func(c *operator.Campaign) (err error) {
		*c, err = patch(*c, p, "endedAt")
		c.From, c.To = c.From.UTC(), c.To.UTC()
		return err
	})
}

func (s *Server) endCampaign(r *http.Request) (any, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return s.alterCampaign(r, "campaign.end", func(c *operator.Campaign) error {
		c.EndedAt = &now
		return nil
	})
}

// alterCampaign changes a campaign that is planned or open.
func (s *Server) alterCampaign(r *http.Request, action string, change func(*operator.Campaign) error) (any, error) {
	name, now := r.PathValue("name"), time.Now()
	return s.change(r, action, name, func(state *policy.State) error {
		c, known := state.Campaigns[name]
		switch {
		case !known:
			return fault.New(fault.CampaignNotFound).With("name", name)
		case !c.Live(now):
			return fault.New(fault.CampaignEnded).With("name", name)
		}
		err := change(&c)
		state.Campaigns[name] = c
		return err
	})
}
