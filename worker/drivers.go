package main

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/dashscope"
	"github.com/imgfleet/imgfleet/worker/provider/dashscope/dashscopetest"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/hunyuan"
	"github.com/imgfleet/imgfleet/worker/provider/hunyuan/hunyuantest"
	"github.com/imgfleet/imgfleet/worker/provider/mock"
	"github.com/imgfleet/imgfleet/worker/provider/openai"
	"github.com/imgfleet/imgfleet/worker/provider/openai/openaitest"
	"github.com/imgfleet/imgfleet/worker/provider/qianfan"
	"github.com/imgfleet/imgfleet/worker/provider/qianfan/qianfantest"
	"github.com/imgfleet/imgfleet/worker/provider/seedream"
	"github.com/imgfleet/imgfleet/worker/provider/seedream/seedreamtest"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
	"github.com/imgfleet/imgfleet/worker/simulate"
)

// constructor makes a vendor's driver. The key is the secret itself.
type constructor func(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error)

// vendor is what this build knows of a kind: how to draw with it, and the
// double that plays it.
type vendor struct {
	driver constructor
	double simulate.Maker // nil: nobody needs to play it
}

// vendors are those of this build, by kind: a vendor is its folder and its
// line here.
func vendors() map[string]vendor {
	return map[string]vendor{
		"dashscope": {dashscope.New, played(dashscopetest.New)},
		"hunyuan":   {hunyuan.New, played(hunyuantest.New)},
		"mock":      {newMock, nil},
		"openai":    {openai.New, playedIn(openaitest.In)},
		"qianfan":   {qianfan.New, played(qianfantest.New)},
		"seedream":  {seedream.New, played(seedreamtest.New)},
	}
}

func played[D simulate.Double](newDouble func(double.Knobs, string) D) simulate.Maker {
	return func(k double.Knobs, v simulate.Vendor) simulate.Double { return newDouble(k, v.Key.Reveal()) }
}

func playedIn[D simulate.Double](newDouble func(string, double.Knobs, string) D) simulate.Maker {
	return func(k double.Knobs, v simulate.Vendor) simulate.Double {
		return newDouble(v.Dialect, k, v.Key.Reveal())
	}
}

func newMock(c provider.Config, _ string, _ vendorhttp.Egress) (provider.Driver, error) {
	knobs, err := mock.ParseKnobs(c.Model)
	if err != nil {
		return nil, err
	}
	return mock.New(c.Name, knobs)
}

// driver builds the driver of one provider.
func driver(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	v, ok := vendors()[c.Kind]
	if !ok {
		return nil, fmt.Errorf("kind: must be one of %s, is %q", strings.Join(slices.Sorted(maps.Keys(vendors())), ", "), c.Kind)
	}
	return v.driver(c, key, e)
}

// drivable names every provider that cannot be built, secrets apart.
func drivable(list []provider.Config, e vendorhttp.Egress) error {
	var errs []error
	for i, c := range list {
		if c.Kind == "" {
			continue // reported already
		}
		e.Proxy = secret.New(c.Proxy.Public())
		_, err := driver(c, "", e)
		errs = append(errs, ofProvider(i, err)...)
	}
	return errors.Join(errs...)
}

// ofProvider names what is wrong with a provider by the operator's keys. What
// is wrong for all of them is said elsewhere.
func ofProvider(i int, err error) (errs []error) {
	for _, line := range config.Faults(err) {
		if !strings.HasPrefix(line, "egress.") {
			errs = append(errs, fmt.Errorf("providers[%d].%s", i, line))
		}
	}
	return errs
}

// providers builds what this region may call.
func providers(c *Config, of func(secret.Ref) secret.Value, m *provider.Metrics) (map[string]*provider.Provider, error) {
	out := map[string]*provider.Provider{}
	var errs []error
	for i, one := range c.Providers {
		if !c.calls(one) {
			continue
		}
		key, e := "", c.egress()
		if v := of(one.APIKey); !v.Sealed() {
			key = v.Reveal()
		}
		if v := of(one.Proxy.Ref); !v.Sealed() {
			e.Proxy = v
		}
		d, err := driver(one, key, e)
		if err != nil {
			errs = append(errs, ofProvider(i, err)...)
			continue
		}
		out[one.Name] = provider.New(one, d, m, key, proxyPassword(e.Proxy))
	}
	return out, errors.Join(errs...)
}

// proxyPassword is the one secret that a proxy's URL may hold.
func proxyPassword(proxy secret.Value) string {
	u, err := url.Parse(proxy.Reveal())
	if err != nil || u.User == nil {
		return ""
	}
	password, _ := u.User.Password()
	return password
}
