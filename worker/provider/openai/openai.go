package openai

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// answerBytes is room for one picture of 4 K as base64.
const answerBytes = 40 << 20

// hosts are where the vendors among these servers keep results; others send
// them within the answer or serve them themselves.
func hosts() []string {
	return []string{"oaidalleapiprodscus.blob.core.windows.net", "sc-maas.oss-cn-shanghai.aliyuncs.com", "*.siliconflow.cn"}
}

// Driver talks to one server.
type Driver struct {
	name, base, key, model string
	dialect                Dialect
	imageField             string
	http                   *vendorhttp.Client
}

// New makes a driver. There is no usual server, so that a base URL and a model
// must be given.
func New(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	var faults check.Faults
	faults.If(c.BaseURL == "", "baseUrl: is missing: an OpenAI-compatible server has no usual one")
	faults.If(c.Model == "", "model: is missing: an OpenAI-compatible server has no usual one")
	faults.If(c.APIKey.Empty() && guess(c.BaseURL) != "", "apiKey: is missing: the service at baseUrl asks for one")
	faults.If(!Dialect(c.Dialect).valid(), "dialect: must be one of %v, is %q", Dialects(), c.Dialect)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	client, err := vendorhttp.New(vendorhttp.Config{Base: c.BaseURL, Hosts: hosts(), Egress: e, Answer: answerBytes})
	if err != nil {
		return nil, err
	}
	return &Driver{
		name: c.Name, base: strings.TrimSuffix(c.BaseURL, "/"), key: key, model: c.Model, http: client,
		dialect: cmp.Or(Dialect(c.Dialect), guess(c.BaseURL), OpenAI), imageField: cmp.Or(c.ImageField, "image"),
	}, nil
}

// Name implements provider.Driver.
func (d *Driver) Name() string { return d.name }

// Make implements provider.Driver.
func (d *Driver) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	if r.VendorTask != "" {
		return provider.Picture{}, vendorhttp.NoJobs()
	}
	photo, err := r.Photo(ctx)
	if err != nil {
		return provider.Picture{}, err
	}
	call, err := d.call(r, photo)
	if err != nil {
		return provider.Picture{}, err
	}
	report(provider.Progress{})
	a, err := d.http.Do(ctx, call)
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, r.ID, "")
	}
	id := requestID(a, r.ID)
	pic, err := d.picture(ctx, a)
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, id, "")
	}
	pic.RequestID, pic.Remaining = id, a.Remaining()
	return pic, nil
}

// requestID is the server's name of a call, or ours.
func requestID(a vendorhttp.Answer, ours string) string {
	return cmp.Or(a.Header.Get("X-Request-Id"), a.Header.Get("X-Siliconcloud-Trace-Id"), ours)
}

// Dialect is how a server wants to be asked for an edit.
type Dialect string

// The dialects.
const (
	OpenAI      Dialect = "openai"      // a form, to /images/edits
	VLLM        Dialect = "vllm"        // the same, with what diffusion models take besides
	MaaS        Dialect = "maas"        // Huawei Cloud: JSON, to /images/generations
	SiliconFlow Dialect = "siliconflow" // JSON, to /images/generations
	LocalAI     Dialect = "localai"     // JSON, to /images/generations
)

// Dialects are all.
func Dialects() []Dialect { return []Dialect{OpenAI, VLLM, MaaS, SiliconFlow, LocalAI} }

func (d Dialect) valid() bool { return d == "" || slices.Contains(Dialects(), d) }

// guess tells the dialect of a public service by its host, "" for all other
// servers.
func guess(base string) Dialect {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	for suffix, d := range map[string]Dialect{".modelarts-maas.com": MaaS, ".siliconflow.cn": SiliconFlow, ".siliconflow.com": SiliconFlow, ".openai.com": OpenAI} {
		if strings.HasSuffix(u.Hostname(), suffix) {
			return d
		}
	}
	return ""
}

func (d *Driver) call(r provider.Request, photo []byte) (vendorhttp.Call, error) {
	if d.dialect == OpenAI || d.dialect == VLLM {
		return d.edit(r, photo)
	}
	return vendorhttp.JSON(d.base+"/images/generations", d.key, d.generation(r, photo))
}
