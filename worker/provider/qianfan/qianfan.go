package qianfan

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

const (
	baseURL = "https://qianfan.baidubce.com/v2"
	model   = "qwen-image-edit"
	square  = "1024x1024" // the vendor's own default, always sent
)

// hosts are where Qianfan keeps results.
func hosts() []string { return []string{"qianfan-modelbuilder-img-gen.*.bcebos.com"} }

// Driver talks to one Qianfan account.
type Driver struct {
	name, url, key, model string
	http                  *vendorhttp.Client
}

// New makes a driver; an empty base URL or model is the vendor's usual.
func New(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	switch c.Model {
	case "irag-1.0", "qwen-image", "flux.1-schnell":
		return nil, fmt.Errorf("model: %q draws without a photo, want one that edits, such as %s", c.Model, model)
	}
	base := cmp.Or(strings.TrimSuffix(c.BaseURL, "/"), baseURL)
	client, err := vendorhttp.New(vendorhttp.Config{Base: base, Hosts: hosts(), Egress: e})
	if err != nil {
		return nil, err
	}
	return &Driver{name: c.Name, url: base + "/images/edits", key: key, model: cmp.Or(c.Model, model), http: client}, nil
}

// Name implements provider.Driver.
func (d *Driver) Name() string { return d.name }

// request holds the fields that are known of edits; the mark and the number of
// pictures are not among them.
type request struct {
	Model  string `json:"model"`
	Image  string `json:"image"`
	Prompt string `json:"prompt"`
	Size   string `json:"size"`
	Seed   int64  `json:"seed"`
}

type response struct {
	ID   string `json:"id"`
	Data []struct {
		URL     string `json:"url"`
		B64JSON string `json:"b64_json"` // not documented for edits, and not asked for
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
	a, err := d.http.Ask(ctx, d.url, d.key, request{
		Model: d.model, Image: photo, Prompt: r.Text, Size: cmp.Or(r.Size, square), Seed: r.Seed,
	}, nil, report)
	if err != nil {
		return provider.Picture{}, err
	}
	doc, err := read(a)
	pic := provider.Picture{RequestID: doc.ID}
	if err == nil {
		pic.Data, err = d.fetch(ctx, doc)
	}
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, doc.ID, "")
	}
	return pic, nil
}

func (d *Driver) fetch(ctx context.Context, doc response) ([]byte, error) {
	if b := doc.Data[0].B64JSON; b != "" {
		return vendorhttp.Inline(b)
	}
	return d.http.Picture(ctx, doc.Data[0].URL)
}

// read gives a document with a picture in it, or the failure.
func read(a vendorhttp.Answer) (response, error) {
	var doc response
	err := a.Decode(&doc)
	switch {
	case err == nil && doc.Error != nil:
		return doc, a.Failure(classOf(a, doc.Error.Code), doc.Error.Code, doc.Error.Message)
	case a.Status != http.StatusOK:
		return doc, a.Failure(a.Class(), "", "no answer of the API")
	case err != nil:
		return doc, err
	case len(doc.Data) == 0 || doc.Data[0].URL == "" && doc.Data[0].B64JSON == "":
		return doc, vendorhttp.Empty("picture")
	}
	return doc, nil
}
