package operator

import (
	"context"
	"net/http"
)

// PromptRequest asks what a model would be sent. What is not given is as a
// person would leave it.
type PromptRequest struct {
	Style       string  `json:"style"`
	Place       string  `json:"place"`
	Model       string  `json:"model"` // a name of Models or of a provider, or a model's id
	Note        string  `json:"note,omitempty"`
	Language    string  `json:"language,omitempty"` // zh or en; "" is the model's
	Aspect      string  `json:"aspect,omitempty"`
	Resolution  string  `json:"resolution,omitempty"`
	Steps       int     `json:"steps,omitempty"`
	CFG         float64 `json:"cfg,omitempty"`
	Seed        int64   `json:"seed,omitempty"`
	PhotoWidth  int     `json:"photoWidth,omitempty"`
	PhotoHeight int     `json:"photoHeight,omitempty"`
}

// Prompt is what a model would be sent, and how that came about.
type Prompt struct {
	Model           string   `json:"model"`
	Kind            string   `json:"kind"`
	Language        string   `json:"language"`
	Text            string   `json:"text"`
	Length          int      `json:"length"` // in Unit
	Limit           int      `json:"limit"`
	Unit            string   `json:"unit"`
	Negative        string   `json:"negative,omitempty"`
	Size            string   `json:"size,omitempty"`
	Steps           int      `json:"steps,omitempty"`
	CFG             float64  `json:"cfg,omitempty"`
	Strength        float64  `json:"strength,omitempty"`
	Seed            *int64   `json:"seed,omitempty"`
	Note            string   `json:"note,omitempty"` // what was left of it
	Cut             []string `json:"cut,omitempty"`  // what had to be shortened
	CatalogVersion  int      `json:"catalogVersion"`
	TemplateVersion int      `json:"templateVersion,omitempty"`
}

// Model is how a model wants to be asked.
type Model struct {
	Name          string   `json:"name"`
	Kind          string   `json:"kind"`
	Models        []string `json:"models"` // beginnings of the ids that it stands for
	Language      string   `json:"language"`
	Limit         int      `json:"limit"`
	Unit          string   `json:"unit"`
	NegativeLimit int      `json:"negativeLimit,omitempty"` // 0: it takes no negative prompt
	Size          string   `json:"size,omitempty"`          // how it spells one, by example
	Takes         []string `json:"takes,omitempty"`         // of steps, cfg, strength, seed
}

// RenderPrompt shows exactly what a model would be sent.
func (c *Client) RenderPrompt(ctx context.Context, r PromptRequest) (Prompt, error) {
	return ask[Prompt](ctx, c, request{method: http.MethodPost, path: "/prompts/render", body: r})
}

// Models lists the models that the gateway knows how to ask.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	return list[Model](ctx, c, "/prompts/models", nil)
}
