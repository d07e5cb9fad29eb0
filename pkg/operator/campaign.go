package operator

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// CampaignStart creates a campaign: a known event that brings a crowd.
type CampaignStart struct {
	Name           string    `json:"name"`
	From           time.Time `json:"from"`
	To             time.Time `json:"to"`
	Capacity       int64     `json:"capacity"`                 // tasks queued or running at once
	DailyBudgetFen int64     `json:"dailyBudgetFen,omitempty"` // 0: no limit
	BrandMark      string    `json:"brandMark,omitempty"`      // drawn into its pictures
	LandingURL     string    `json:"landingUrl,omitempty"`
}

// Campaign is a campaign and how it does.
type Campaign struct {
	CampaignStart

	State    string     `json:"state"`    // scheduled, open, over or ended, at the gateway that was asked
	Tasks    int64      `json:"tasks"`    // queued or running now
	SpentFen int64      `json:"spentFen"` // today, with what is set aside
	EndedAt  *time.Time `json:"endedAt,omitempty"`
}

// CampaignPatch changes a campaign that is planned or open; nil leaves as it
// is.
type CampaignPatch struct {
	From           *time.Time `json:"from,omitempty"`
	To             *time.Time `json:"to,omitempty"`
	Capacity       *int64     `json:"capacity,omitempty"`
	DailyBudgetFen *int64     `json:"dailyBudgetFen,omitempty"`
	BrandMark      *string    `json:"brandMark,omitempty"`
	LandingURL     *string    `json:"landingUrl,omitempty"`
}

// Campaigns lists the campaigns, the one that opens last first.
func (c *Client) Campaigns(ctx context.Context) ([]Campaign, error) {
	l, err := ask[List[Campaign]](ctx, c, request{method: http.MethodGet, path: "/campaigns"})
	return l.Data, err
}

// CreateCampaign adds one.
func (c *Client) CreateCampaign(ctx context.Context, s CampaignStart, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/campaigns", edit: &e, body: s})
}

// ChangeCampaign changes one while it is planned or open.
func (c *Client) ChangeCampaign(ctx context.Context, name string, p CampaignPatch, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPatch, path: "/campaigns/" + url.PathEscape(name), edit: &e, body: p})
}

// EndCampaign ends one before its time. Tasks that it has go on.
func (c *Client) EndCampaign(ctx context.Context, name string, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/campaigns/" + url.PathEscape(name) + "/end", edit: &e})
}
