package seedream

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

const (
	baseURL = "https://ark.cn-beijing.volces.com/api/v3"
	model   = "doubao-seedream-4-0-250828"
	anySize = "2K" // the model chooses the ratio
)

// hosts are where Ark, and BytePlus abroad, keep results.
func hosts() []string {
	return []string{"ark-*.tos-cn-*.volces.com", "ark-*.tos-ap-southeast-1.volces.com"}
}

// Driver talks to one Ark account.
type Driver struct {
	name, url, key, model string
	http                  *vendorhttp.Client
}

// New makes a driver; an empty base URL or model is the vendor's usual.
func New(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	base := cmp.Or(strings.TrimSuffix(c.BaseURL, "/"), baseURL)
	client, err := vendorhttp.New(vendorhttp.Config{Base: base, Hosts: hosts(), Egress: e})
	if err != nil {
		return nil, err
	}
	return &Driver{name: c.Name, url: base + "/images/generations", key: key, model: cmp.Or(c.Model, model), http: client}, nil
}

// Name implements provider.Driver.
func (d *Driver) Name() string { return d.name }

// Model is the vendor's name of the model that draws.
func (d *Driver) Model() string { return d.model }

// request sends every field: the vendor chooses what is left out, and it chooses
// a watermark.
type request struct {
	Model          string `json:"model"`
	Prompt         string `json:"prompt"`
	Image          string `json:"image"`
	Size           string `json:"size"`
	ResponseFormat string `json:"response_format"`
	Watermark      bool   `json:"watermark"`
	Sequential     string `json:"sequential_image_generation"`
	Stream         bool   `json:"stream"`
}

type response struct {
	Data []struct {
		URL   string       `json:"url"`
		Error *vendorError `json:"error"`
	} `json:"data"`
	Error *vendorError `json:"error"`
}

type vendorError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Make implements provider.Driver.
func (d *Driver) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	if r.VendorTask != "" {
		return provider.Picture{}, vendorhttp.NoJobs()
	}
	photo, err := vendorhttp.PhotoURI(ctx, r)
	if err != nil {
		return provider.Picture{}, err
	}
	doc := request{
		Model: d.model, Prompt: r.Text, Image: photo, Size: cmp.Or(r.Size, anySize), ResponseFormat: "url", Sequential: "disabled",
	}
	answer, err := d.http.Ask(ctx, d.url, d.key, doc, http.Header{"X-Client-Request-Id": {r.ID}}, report)
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, r.ID, "")
	}
	pic, err := d.picture(ctx, answer)
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, r.ID, "")
	}
	pic.RequestID, pic.Remaining = r.ID, answer.Remaining()
	return pic, nil
}

func (d *Driver) picture(ctx context.Context, a vendorhttp.Answer) (provider.Picture, error) {
	var doc response
	err := a.Decode(&doc)
	if a.Status != http.StatusOK {
		if doc.Error == nil {
			doc.Error = &vendorError{}
		}
		return provider.Picture{}, doc.Error.failure(a)
	}
	switch {
	case err != nil:
		return provider.Picture{}, err
	case doc.Error != nil:
		return provider.Picture{}, doc.Error.failure(a)
	case len(doc.Data) > 0 && doc.Data[0].Error != nil:
		return provider.Picture{}, doc.Data[0].Error.failure(a)
	case len(doc.Data) == 0 || doc.Data[0].URL == "":
		return provider.Picture{}, vendorhttp.Empty("picture")
	}
	data, err := d.http.Picture(ctx, doc.Data[0].URL)
	return provider.Picture{Data: data}, err
}
