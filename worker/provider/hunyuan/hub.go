package hunyuan

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

const (
	hubModel = "hy-image-v3"
	hubPath  = "/v1/wand/hunyuan-image/v3-generation"
)

// hubRequest sends every value that TokenHub would otherwise choose. TokenHub
// draws its own mark only when a footnote is sent.
type hubRequest struct {
	Model  string   `json:"model"`
	Prompt string   `json:"prompt"`
	Images []string `json:"images"` // base64
	Size   string   `json:"size"`   // WxH
	Seed   int64    `json:"seed"`
	Revise bool     `json:"revise"`
}

type hubAnswer struct {
	ID   string `json:"id"`
	Data []struct {
		URL string `json:"url"` // good for 12 hours
	} `json:"data"`
	Error *struct {
		Code    any    `json:"code"` // not documented: a word or a number
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

// hubDriver speaks to TokenHub: one call, one picture.
type hubDriver struct {
	name  string
	url   string
	model string
	key   string
	http  *vendorhttp.Client
}

// Name implements provider.Driver.
func (d *hubDriver) Name() string { return d.name }

// Make implements provider.Driver. There is no task to resume: a call that was
// lost stays unknown.
func (d *hubDriver) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	if r.VendorTask != "" {
		return provider.Picture{}, vendorhttp.NoJobs()
	}
	img, err := photo(ctx, r)
	if err != nil {
		return provider.Picture{}, err
	}
	a, err := d.http.Ask(ctx, d.url, d.key, hubRequest{
		Model: d.model, Prompt: r.Text, Images: []string{img}, Size: cmp.Or(r.Size, squareHub), Seed: r.Seed, Revise: false,
	}, nil, report)
	if err != nil {
		return provider.Picture{}, err
	}
	url, id, err := readHub(a)
	pic := provider.Picture{RequestID: id}
	if err == nil {
		pic.Data, err = d.http.Picture(ctx, url)
	}
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, id, "")
	}
	return pic, nil
}

func readHub(a vendorhttp.Answer) (url, id string, err error) {
	var h hubAnswer
	err = a.Decode(&h)
	switch {
	case err == nil && h.Error != nil:
		return "", h.ID, h.failure(a)
	case a.Status != http.StatusOK:
		return "", h.ID, a.Failure(a.Class(), "", "no answer of the API")
	case err != nil:
		return "", "", err
	case len(h.Data) == 0 || h.Data[0].URL == "":
		return "", h.ID, vendorhttp.Empty("picture")
	}
	return h.Data[0].URL, h.ID, nil
}

// failure reads an error. TokenHub documents no codes: words that speak of
// content count, then the codes of Cloud API, then the status.
func (h hubAnswer) failure(a vendorhttp.Answer) *provider.Failure {
	word := code(h.Error.Code)
	class := classOf(a, word)
	for _, sign := range []string{"illegal", "sensitive", "moderation"} {
		if strings.Contains(strings.ToLower(word+" "+h.Error.Type), sign) {
			class = task.ClassContent
		}
	}
	return a.Failure(class, word, h.Error.Message)
}

func code(v any) string {
	if v == nil {
		return ""
	}
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
