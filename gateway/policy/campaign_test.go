package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func expo() policy.Campaign {
	from := time.Date(2026, 11, 28, 2, 0, 0, 0, time.UTC)
	return policy.Campaign{From: from, To: from.Add(8 * time.Hour), Capacity: 500, LandingURL: "https://example.com/expo?x=1"}
}

func add(name string, c policy.Campaign, now time.Time) func(*policy.State) error {
	return func(s *policy.State) error { return s.AddCampaign(name, c, now) }
}

func TestACampaignIsCheckedAsAWhole(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	now := expo().From
	for field, change := range map[string]func(*policy.Campaign){
		"to":         func(c *policy.Campaign) { c.To = c.From },
		"capacity":   func(c *policy.Campaign) { c.Capacity = 0 },
		"landingUrl": func(c *policy.Campaign) { c.LandingURL = "http://example.com" },
		"brandMark":  func(c *policy.Campaign) { c.BrandMark = "春\n茶" },

		"dailyBudgetFen": func(c *policy.Campaign) { c.DailyBudgetFen = -1 },
	} {
		c := expo()
		change(&c)
		_, err := s.Apply(t.Context(), policy.Edit{}, add("expo", c, now))
		if v := fault.As(err).Violations; fault.CodeOf(err) != fault.PolicyInvalid || len(v) != 1 || v[0].Pointer != "/campaigns/expo/"+field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, address := range []string{"javascript:alert(1)", "https://", "https://u:p@example.com", "//example.com", "https://example.com/" + strings.Repeat("x", 500), "https://exa mple.com"} {
		c := expo()
		c.LandingURL = address
		if _, err := s.Apply(t.Context(), policy.Edit{}, add("expo", c, now)); fault.CodeOf(err) != fault.PolicyInvalid {
			t.Errorf("landing page %q: %v", address, err)
		}
	}
	for name, good := range map[string]bool{"expo": true, "a": true, "e-2026-1": true, "": false, "-a": false, "a-": false, "A": false, "a.b": false, "活动": false, strings.Repeat("a", 33): false} {
		if policy.ValidCampaign(name) != good {
			t.Errorf("name %q: valid is %v", name, !good)
		}
	}
}

func TestACampaignHasPhases(t *testing.T) {
	t.Parallel()
	c := expo()
	ended := c.From.Add(time.Hour)
	for at, want := range map[time.Duration]operator.Phase{
		-time.Nanosecond: operator.CampaignScheduled, 0: operator.CampaignOpen, 8*time.Hour - 1: operator.CampaignOpen, 8 * time.Hour: operator.CampaignOver,
	} {
		if got := c.Phase(c.From.Add(at)); got != want {
			t.Errorf("at %v it is %s, want %s", at, got, want)
		}
	}
	c.EndedAt = &ended
	if got := c.Phase(ended); got != operator.CampaignEnded {
		t.Errorf("ended it is %s", got)
	}
}

func TestThePlacesOfOpenCampaignsAddUp(t *testing.T) {
	t.Parallel()
	from := expo().From
	later := expo()
	later.From, later.To = from.Add(time.Hour), from.Add(2*time.Hour)
	s := policy.State{Campaigns: map[string]policy.Campaign{"a": expo(), "b": later}}
	if n := s.Reserved(from); n != 500 {
		t.Errorf("%d reserved, want 500", n)
	}
	if got := s.OpenCampaigns(later.From); s.Reserved(later.From) != 1000 || !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("open = %v", got)
	}
	for now, want := range map[time.Time]time.Time{from: later.From, later.From: later.To, later.To: expo().To} {
		if at, ok := s.NextCampaign(now); !ok || !at.Equal(want) {
			t.Errorf("after %v comes %v, want %v", now, at, want)
		}
	}
	if _, ok := s.NextCampaign(expo().To); ok {
		t.Error("something follows the last one")
	}
}

func TestCampaignsAreKeptForAWhileAndBounded(t *testing.T) {
	t.Parallel()
	now := expo().To
	s := policy.State{Campaigns: map[string]policy.Campaign{}}
	for i := range 120 {
		c := expo()
		c.To = c.To.Add(time.Duration(i-120) * time.Minute)
		if err := s.AddCampaign(fmt.Sprint("past", i), c, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, old := s.Campaigns["past0"]; len(s.Campaigns) != 100 || old {
		t.Errorf("%d are kept, the oldest is %v", len(s.Campaigns), old)
	}
	if err := s.AddCampaign("past119", expo(), now); fault.CodeOf(err) != fault.CampaignExists {
		t.Errorf("err = %v", err)
	}
	next := expo()
	next.To = now.Add(time.Hour)
	for i := range 20 {
		if err := s.AddCampaign(fmt.Sprint("next", i), next, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddCampaign("one-more", next, now); fault.CodeOf(err) != fault.CampaignsTooMany {
		t.Errorf("err = %v", err)
	}
}

func TestTheEndOfACampaignIsUndone(t *testing.T) {
	t.Parallel()
	s := open(t, start(t, t.TempDir()))
	now := expo().From
	apply(t, s, policy.Edit{Action: "campaign.create"}, add("expo", expo(), now))
	end := apply(t, s, policy.Edit{Action: "campaign.end"}, func(st *policy.State) error {
		c := st.Campaigns["expo"]
		c.EndedAt = &now
		st.Campaigns["expo"] = c
		return nil
	})
	if _, err := s.State().Admit("expo", now); fault.KindOf(err) != fault.Gone {
		t.Errorf("err = %v, want Gone", err)
	}
	if _, err := s.Undo(t.Context(), end.Version, policy.Edit{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.State().Admit("expo", now); err != nil {
		t.Error(err)
	}
}
