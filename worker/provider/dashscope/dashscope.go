package dashscope

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

const (
	baseURL = "https://dashscope.aliyuncs.com/api/v1"
	model   = "wan2.5-i2i-preview"

	pollEvery  = 5 * time.Second // the vendor's wish
	pollWithin = 15 * time.Second
)

// hosts are where the vendor keeps results: of the mainland, and of Singapore.
func hosts() []string {
	return []string{"dashscope-result-*.oss-cn-*.aliyuncs.com", "dashscope-*.oss-accelerate.aliyuncs.com", "dashscope-result-*.oss-ap-southeast-1.aliyuncs.com"}
}

// Driver talks to one account in one region of the vendor.
type Driver struct {
	name, base, key, model string
	http                   *vendorhttp.Client
	every                  time.Duration
}

// New makes a driver; an empty base URL or model is the vendor's usual.
func New(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	base := cmp.Or(strings.TrimSuffix(c.BaseURL, "/"), baseURL)
	client, err := vendorhttp.New(vendorhttp.Config{Base: base, Hosts: hosts(), Egress: e})
	return &Driver{name: c.Name, base: base, key: key, model: cmp.Or(c.Model, model), http: client, every: pollEvery}, err
}

// Name implements provider.Driver.
func (d *Driver) Name() string { return d.name }

// Model is the vendor's name of the model that draws.
func (d *Driver) Model() string { return d.model }

// jobs reports whether the model works by jobs only; all newer ones answer
// with the picture, which the vendor recommends.
func (d *Driver) jobs() bool {
	return strings.HasPrefix(d.model, "wan2.5-") || strings.HasPrefix(d.model, "wanx")
}

// Make implements provider.Driver.
func (d *Driver) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	switch {
	case r.VendorTask != "" && !d.jobs():
		return provider.Picture{}, vendorhttp.NoJobs()
	case r.VendorTask != "":
		return d.await(ctx, r.VendorTask, report)
	}
	photo, err := vendorhttp.PhotoURI(ctx, r)
	if err != nil {
		return provider.Picture{}, err
	}
	if !d.jobs() {
		return d.call(ctx, r, photo, report)
	}
	id, err := d.submit(ctx, r, photo)
	if err != nil {
		return provider.Picture{}, err
	}
	report(provider.Progress{VendorTask: id})
	return d.await(ctx, id, report)
}

// call asks for a picture and waits for it.
func (d *Driver) call(ctx context.Context, r provider.Request, photo string, report func(provider.Progress)) (provider.Picture, error) {
	a, err := d.http.Ask(ctx, d.base+"/services/aigc/multimodal-generation/generation", d.key, message(d.model, r, photo), nil, report)
	if err != nil {
		return provider.Picture{}, err
	}
	doc, err := read(a)
	if err != nil {
		return provider.Picture{}, err
	}
	return d.picture(ctx, a, doc)
}

// submit starts a job and gives its name.
func (d *Driver) submit(ctx context.Context, r provider.Request, photo string) (string, error) {
	call, err := vendorhttp.JSON(d.base+"/services/aigc/image2image/image-synthesis", d.key, job(d.model, r, photo))
	if err != nil {
		return "", err
	}
	call.Header.Set("X-DashScope-Async", "enable")
	ctx, stop := lingering(ctx)
	defer stop()
	a, err := d.http.Do(ctx, call)
	if err != nil {
		return "", err
	}
	doc, err := read(a)
	if err != nil {
		return "", err
	}
	if doc.Output.TaskID == "" {
		return "", empty(doc)
	}
	return doc.Output.TaskID, nil
}

// picture fetches the one result of an answer.
func (d *Driver) picture(ctx context.Context, a vendorhttp.Answer, doc document) (provider.Picture, error) {
	url, err := doc.result(a)
	if err != nil {
		return provider.Picture{}, err
	}
	data, err := d.http.Picture(ctx, url)
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, doc.RequestID, doc.Output.TaskID)
	}
	return provider.Picture{Data: data, RequestID: doc.RequestID, VendorTask: doc.Output.TaskID}, nil
}

func (d *Driver) task(id string) vendorhttp.Call {
	return vendorhttp.Call{
		Method: http.MethodGet, URL: d.base + "/tasks/" + id, Within: pollWithin, Header: http.Header{"Authorization": {"Bearer " + d.key}},
	}
}
