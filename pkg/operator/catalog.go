package operator

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/imgfleet/imgfleet/pkg/catalog"
)

// Catalog is a catalogue and where it stands among those that are kept.
type Catalog struct {
	Version  int               `json:"version"`
	InForce  int               `json:"inForce"`
	Previous int               `json:"previous,omitempty"` // what a rollback goes to
	Versions []int             `json:"versions"`           // that can be put in force, oldest first
	Document *catalog.Document `json:"document"`
}

// CatalogChange is a change of the catalogue and what it means.
type CatalogChange struct {
	Change
	Catalog     int                  `json:"catalog"` // the version in force afterwards
	Differences []catalog.Difference `json:"differences"`
	TooLong     []TooLong            `json:"tooLong,omitempty"` // what some models would not be asked
}

// TooLong is a style whose words are longer than a model reads: it is not
// asked for it, and other models are.
type TooLong struct {
	Style     string   `json:"style"`
	Model     string   `json:"model"`
	Over      int      `json:"over"` // in Unit, at the worst place
	Unit      string   `json:"unit"`
	Providers []string `json:"providers,omitempty"` // configured ones that draw with the model
}

// CatalogRollback names the version to go back to; 0 is the previous one.
type CatalogRollback struct {
	Version int `json:"version,omitempty"`
}

// Catalog shows a catalogue: the one in force when version is 0.
func (c *Client) Catalog(ctx context.Context, version int) (Catalog, error) {
	q := url.Values{}
	if version != 0 {
		q.Set("version", strconv.Itoa(version))
	}
	return ask[Catalog](ctx, c, request{method: http.MethodGet, path: "/catalog", query: q})
}

// ApplyCatalog puts a document, as JSON, in force.
func (c *Client) ApplyCatalog(ctx context.Context, document []byte, e Edit) (CatalogChange, error) {
	return ask[CatalogChange](ctx, c, request{method: http.MethodPut, path: "/catalog", edit: &e, raw: document})
}

// RollbackCatalog puts an earlier catalogue in force again.
func (c *Client) RollbackCatalog(ctx context.Context, r CatalogRollback, e Edit) (CatalogChange, error) {
	return ask[CatalogChange](ctx, c, request{method: http.MethodPost, path: "/catalog/rollback", edit: &e, body: r})
}
