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
	Options Options  `json:"options"`
	Privacy Privacy  `json:"privacy"`

	Campaigns []Campaign `json:"campaigns,omitempty"` // that are open
}

// Options are what people may set beside style and place.
type Options struct {
	Aspect     []string       `json:"aspect"`
	Resolution []string       `json:"resolution"`
	Steps      Range[int64]   `json:"steps"`
	CFG        Range[float64] `json:"cfg"`
	Seed       Range[int64]   `json:"seed"`
	NoteLength int            `json:"noteLength"`
}

// Range is the least and the most that an option takes.
type Range[N int64 | float64] struct {
	Min N `json:"min"`
	Max N `json:"max"`
}

// Privacy names the text that people agree to.
type Privacy struct {
	PolicyVersion string `json:"policyVersion"`
	URL           string `json:"url"`
}

// Campaign is an open campaign, as people may know it.
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
