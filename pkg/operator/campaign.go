package operator

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// Campaign is a known event that brings a crowd: from one moment to another,
// tasks that name it have a capacity of their own. The operator state keeps
// it, the admin API takes and shows it, and imgctl has a flag for each field
// that names one. A new field is added here, and its check in
// gateway/policy/check.go.
type Campaign struct {
	From           time.Time  `json:"from,omitzero" flag:"from" unit:"time" help:"at which it opens"`
	To             time.Time  `json:"to,omitzero" flag:"to" unit:"time" help:"at which it closes"`
	Capacity       int64      `json:"capacity" flag:"capacity" unit:"tasks" help:"queued or running at once"`
	DailyBudgetFen int64      `json:"dailyBudgetFen,omitempty" flag:"daily-budget" unit:"fen" help:"that its pictures may cost on a Shanghai day; 0: no limit"`
	BrandMark      string     `json:"brandMark,omitempty" flag:"brand-mark" unit:"words" help:"that are drawn into its pictures, beside the label"`
	LandingURL     string     `json:"landingUrl,omitempty" flag:"landing-url" unit:"address" help:"that is told with every picture; https only"`
	EndedAt        *time.Time `json:"endedAt,omitempty"` // by an operator, before To
}

// Phase is where a campaign stands at a moment.
type Phase string

// The phases of a campaign.
const (
	CampaignScheduled Phase = "scheduled"
	CampaignOpen      Phase = "open"
	CampaignOver      Phase = "over"
	CampaignEnded     Phase = "ended" // by an operator
)

// Phase tells where the campaign stands at a moment.
func (c Campaign) Phase(now time.Time) Phase {
	switch {
	case c.EndedAt != nil:
		return CampaignEnded
	case now.Before(c.From):
		return CampaignScheduled
	case now.Before(c.To):
		return CampaignOpen
	default:
		return CampaignOver
	}
}

// Open reports whether the campaign takes tasks at a moment.
func (c Campaign) Open(now time.Time) bool { return c.Phase(now) == CampaignOpen }

// Live reports whether the campaign is open or still to come.
func (c Campaign) Live(now time.Time) bool { return c.Open(now) || c.Phase(now) == CampaignScheduled }

// Closes is when the campaign is over, or was.
func (c Campaign) Closes() time.Time {
	if c.EndedAt != nil {
		return *c.EndedAt
	}
	return c.To
}

// CampaignStatus is a campaign and how it does.
type CampaignStatus struct {
	Name string `json:"name"`
	Campaign

	State    Phase `json:"state"`    // at the gateway that was asked
	Tasks    int64 `json:"tasks"`    // queued or running now
	SpentFen int64 `json:"spentFen"` // today, with what is set aside
}

// Campaigns lists the campaigns, the one that opens last first.
func (c *Client) Campaigns(ctx context.Context) ([]CampaignStatus, error) {
	return list[CampaignStatus](ctx, c, "/campaigns", nil)
}

// CreateCampaign adds one, made of a patch of an empty campaign.
func (c *Client) CreateCampaign(ctx context.Context, name string, p Patch, e Edit) (Change, error) {
	body := maps.Clone(p)
	body["name"] = name
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/campaigns", edit: &e, body: body})
}

// ChangeCampaign changes one while it is planned or open.
func (c *Client) ChangeCampaign(ctx context.Context, name string, p Patch, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPatch, path: "/campaigns/" + url.PathEscape(name), edit: &e, body: p})
}

// EndCampaign ends one before its time. Tasks that it has go on.
func (c *Client) EndCampaign(ctx context.Context, name string, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/campaigns/" + url.PathEscape(name) + "/end", edit: &e})
}
