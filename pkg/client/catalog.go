package client

import (
	"context"
	"net/http"
	"time"
)

// Choice is one style or place, in the client's language.
type Choice struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	PreviewURL  string `json:"previewUrl"`
}

// Catalog is what people choose from.
type Catalog struct {
	Version int      `json:"version"`
	Styles  []Choice `json:"styles"`
	Places  []Choice `json:"places"`
	Privacy struct {
		PolicyVersion string `json:"policyVersion"`
	} `json:"privacy"`
	Campaigns []Campaign `json:"campaigns,omitempty"` // that are open
}

// Campaign is an open campaign.
type Campaign struct {
	Name       string    `json:"name"`
	To         time.Time `json:"to"`
	BrandMark  string    `json:"brandMark,omitempty"`
	LandingURL string    `json:"landingUrl,omitempty"`
}

// Catalog asks for the styles and places. It needs no session.
func (c *Client) Catalog(ctx context.Context) (Catalog, error) {
	var out Catalog
	_, err := c.do(ctx, call{method: http.MethodGet, url: "/catalog", out: &out})
	return out, err
}
