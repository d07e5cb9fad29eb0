package hunyuan

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

const (
	baseJobs = "https://aiart.tencentcloudapi.com"
	baseHub  = "https://tokenhub.tencentmaas.com"

	maxPhoto = 6 << 20 // of its base64

	// Tencent's own defaults, always sent.
	squareJobs = "1024:1024"
	squareHub  = "1024x1024"
)

// hosts are where Cloud API 3.0 keeps results, and TokenHub: of v3, and of v3.5.
func hosts() []string {
	return []string{"aiart-*.cos.*.myqcloud.com", "aigc-image.cos.myqcloud.com", "aigc-output-image-file-*.cos.*.myqcloud.com"}
}

// New makes the driver of a configured model: hy-image-v3 is TokenHub's, and
// hunyuan-image-3.0, the usual one, a job of Cloud API 3.0. key may be "" when
// only the configuration is judged.
func New(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	hub := c.Model == hubModel
	if !hub && c.Model != "" && !strings.HasPrefix(c.Model, "hunyuan-") {
		return nil, fmt.Errorf("model: %q speaks another protocol; there are hunyuan-image-3.0 and %s", c.Model, hubModel)
	}
	usual := baseJobs
	if hub {
		usual = baseHub
	}
	base := cmp.Or(strings.TrimSuffix(c.BaseURL, "/"), usual)
	client, err := vendorhttp.New(vendorhttp.Config{
		Base: base, Egress: e,
		Hosts: hosts(),
	})
	if err != nil {
		return nil, err
	}
	if hub {
		return &hubDriver{name: c.Name, url: base + hubPath, model: c.Model, key: key, http: client}, nil
	}
	d := &jobDriver{name: c.Name, url: base + "/", http: client, pause: pollEvery}
	if d.host, err = host(base); err != nil {
		return nil, err
	}
	if key != "" {
		if d.keys, err = parseKey(key); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// host is what is signed of a base URL.
func host(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Path != "" || u.RawQuery != "" {
		return "", errors.New("baseUrl: must be a host without a path, since the path is signed as /")
	}
	return u.Host, nil
}

// photo is the photo as Tencent reads it: bare base64.
func photo(ctx context.Context, r provider.Request) (string, error) {
	data, err := r.Photo(ctx)
	if err != nil {
		return "", err
	}
	if n := base64.StdEncoding.EncodedLen(len(data)); n > maxPhoto {
		f := provider.NotSent(task.ClassInput, fmt.Errorf("photo has %d bytes of base64, %d are taken", n, maxPhoto))
		f.Code = "photo_too_large"
		return "", f
	}
	return base64.StdEncoding.EncodeToString(data), nil
}
