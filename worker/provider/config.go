package provider

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// Mock is the kind of the built-in model.
const Mock = "mock"

// Config is one entry of the providers list. Weights and prices are the
// gateway's business; they are read here because one file serves both.
type Config struct {
	// The provider's name, in logs, metrics and for imgctl.
	Name string `config:"name" example:"seedream"`
	// The vendor's protocol.
	Kind string `config:"kind" range:"see worker/provider/README.md" example:"seedream"`
	// The vendor's API, to where its documented version ends. Empty is the vendor's usual; kind openai needs it.
	BaseURL string `config:"baseUrl" range:"http(s)://host/path" example:"https://ark.cn-beijing.volces.com/api/v3"`
	// The vendor's key; of kind hunyuan it is SecretId:SecretKey.
	APIKey secret.Ref `config:"apiKey" unit:"secret" example:"env:ARK_API_KEY"`
	// The model's name at the vendor. Empty is the vendor's usual; of kind mock it holds its knobs.
	Model string `config:"model" example:"doubao-seedream-4-0-250828"`
	// The only region whose workers call it. Empty is every region.
	Region string `config:"region" example:"cn-north"`
	// Its share of the tasks, relative to the others. 0 is only for fallback.
	Weight int `config:"weight" range:"0…1000" default:"100" example:"90"`
	// Calls at once over the whole fleet. 0 is no limit.
	MaxConcurrent int `config:"maxConcurrent" range:"0…" example:"20"`
	// What one picture costs, for budgets and decisions. 0 means a server of one's own; not given, no rule about money counts its calls.
	PriceFen int64 `config:"priceFen" unit:"fen" range:"0…" default:"" example:"20"`
	// How long one whole attempt may take. 0 is the usual time of its kind: 3m where the vendor has jobs, else 1m.
	Timeout time.Duration `config:"timeout" range:"0…" example:"60s"`
	// A proxy between worker and vendor.
	Proxy secret.URL `config:"proxy" range:"http://, https:// or socks5://host:port" example:"http://proxy.example.com:3128"`
	// What a server of kind openai speaks. Empty tells it by the host.
	Dialect string `config:"dialect" range:"see worker/provider/README.md" example:"siliconflow"`
	// How a server of kind openai calls the photo, where it differs from its dialect.
	ImageField string `config:"imageField" example:"image"`
}

// Defaults is what a fresh installation draws with.
func Defaults() []Config { return []Config{{Name: Mock, Kind: Mock}} }

// Validate names every faulty value of a list, as the operator wrote it.
func Validate(list []Config) error {
	var faults check.Faults
	faults.If(len(list) == 0, "providers: at least one is needed")
	seen := map[string]bool{}
	vendors := slices.ContainsFunc(list, func(c Config) bool { return c.Kind != Mock })
	for i, c := range list {
		key := fmt.Sprintf("providers[%d]", i)
		faults.If(c.Name == "", "%s.name: is missing", key)
		faults.If(c.Name != "" && seen[c.Name], "%s.name: %q is used twice", key, c.Name)
		seen[c.Name] = true
		faults.If(vendors && c.Kind == Mock && c.PriceFen > 0, "%s.priceFen: a mock that stands in for real models is not charged, must be 0", key)
		c.validate(key, &faults)
	}
	return faults.Err()
}

func (c Config) validate(key string, faults *check.Faults) {
	own := c.Kind == Mock || c.Kind == "openai" // whose servers may be one's own
	faults.If(c.Kind == "", "%s.kind: is missing", key)
	faults.If(c.APIKey.Empty() && c.Kind != "" && !own, "%s.apiKey: is missing", key)
	faults.If(c.Timeout < 0, "%s.timeout: must not be negative, is %v", key, c.Timeout)
	faults.If(c.MaxConcurrent < 0, "%s.maxConcurrent: must not be negative, is %d", key, c.MaxConcurrent)
	for name, raw := range map[string]string{"baseUrl": c.BaseURL, "proxy": c.Proxy.Public()} {
		if raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		switch {
		case err != nil || u.Host == "":
			faults.Say("%s.%s: is no absolute URL", key, name)
		case name == "proxy" && !slices.Contains(ProxySchemes(), u.Scheme):
			faults.Say("%s.proxy: must be http, https or socks5, is %q", key, u.Scheme)
		case name == "baseUrl" && u.Scheme != "https" && u.Scheme != "http":
			faults.Say("%s.baseUrl: must be https or http, is %q", key, u.Scheme)
		}
	}
}

// ProxySchemes are the proxies a provider may go out through.
func ProxySchemes() []string { return []string{"http", "https", "socks5"} }
