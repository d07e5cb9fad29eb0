package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// campaigns lists what opens last first.
func (s *Server) campaigns(r *http.Request) (any, error) {
	now, spent := time.Now(), s.deps.Dispatch.Status().Campaigns
	out := operator.List[operator.Campaign]{Data: []operator.Campaign{}}
	for name, c := range s.deps.Policy.State().Campaigns {
		taken, err := s.deps.Queue.PlacesTaken(r.Context(), name)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, operator.Campaign{
			CampaignStart: operator.CampaignStart{Name: name, From: c.From, To: c.To, Capacity: c.Capacity, DailyBudgetFen: c.DailyBudgetFen, BrandMark: c.BrandMark, LandingURL: c.LandingURL},
			State:         string(c.Phase(now)), Tasks: taken, SpentFen: spent[name], EndedAt: c.EndedAt,
		})
	}
	slices.SortFunc(out.Data, func(a, b operator.Campaign) int {
		if n := b.From.Compare(a.From); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
}

func (s *Server) createCampaign(r *http.Request) (any, error) {
	var start operator.CampaignStart
	if err := decode(r, &start); err != nil {
		return nil, err
	}
	now := time.Now()
	if !policy.ValidCampaign(start.Name) {
		return nil, invalid("/name", "must be 1…32 lower-case letters, digits and inner dashes")
	}
	if !start.To.After(now) {
		return nil, invalid("/to", "must be in the future")
	}
	c := policy.Campaign{From: start.From.UTC(), To: start.To.UTC(), Capacity: start.Capacity, DailyBudgetFen: start.DailyBudgetFen, BrandMark: start.BrandMark, LandingURL: start.LandingURL}
	return s.change(r, "campaign.create", start.Name, func(state *policy.State) error {
		return state.AddCampaign(start.Name, c, now)
	})
}

func (s *Server) changeCampaign(r *http.Request) (any, error) {
	var patch operator.CampaignPatch
	if err := decode(r, &patch); err != nil {
		return nil, err
	}
	return s.alterCampaign(r, "campaign.set", func(c *policy.Campaign) {
		given(&c.Capacity, patch.Capacity)
		given(&c.DailyBudgetFen, patch.DailyBudgetFen)
		given(&c.BrandMark, patch.BrandMark)
		given(&c.LandingURL, patch.LandingURL)
		given(&c.From, patch.From)
		given(&c.To, patch.To)
		c.From, c.To = c.From.UTC(), c.To.UTC()
	})
}

// given takes over a value that was sent.
func given[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

func (s *Server) endCampaign(r *http.Request) (any, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return s.alterCampaign(r, "campaign.end", func(c *policy.Campaign) { c.EndedAt = &now })
}

// alterCampaign changes a campaign that is planned or open.
func (s *Server) alterCampaign(r *http.Request, action string, change func(*policy.Campaign)) (any, error) {
	name, now := r.PathValue("name"), time.Now()
	return s.change(r, action, name, func(state *policy.State) error {
		c, known := state.Campaigns[name]
		if !known {
			return fault.New(fault.CampaignNotFound).With("name", name)
		}
		if !c.Phase(now).Live() {
			return fault.New(fault.CampaignEnded).With("name", name)
		}
		change(&c)
		state.Campaigns[name] = c
		return nil
	})
}
