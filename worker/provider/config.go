package provider

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// mock is the kind of the built-in model.
const mock = "mock"

// Config is one entry of the providers list. Weights and prices are the
// gateway's business; they are read here because one file serves both.
type Config struct {
	Name          string        `config:"name"`
	Kind          string        `config:"kind"`
	BaseURL       string        `config:"baseUrl"` // ends where the vendor's documented version prefix ends; "" is the vendor's usual
	APIKey        string        `config:"apiKey"`  // a reference, or a literal in development
	Model         string        `config:"model"`   // "" is the vendor's usual
	Region        string        `config:"region"`
	Weight        int           `config:"weight"`
	MaxConcurrent int           `config:"maxConcurrent"` // calls at once over the whole fleet; 0 = no bound
	PriceFen      int64         `config:"priceFen"`
	Timeout       time.Duration `config:"timeout"` // of one whole attempt; 0 = the request's own
	Proxy         string        `config:"proxy"`
	Dialect       string        `config:"dialect"`    // of kind openai, "" to tell by the host
	ImageField    string        `config:"imageField"` // of kind openai, where a server names the photo otherwise
}

// Defaults is what a fresh installation draws with.
func Defaults() []Config { return []Config{{Name: mock, Kind: mock}} }

// Validate names every faulty value of a list, as the operator wrote it.
func Validate(list []Config) error {
	var faults check.Faults
	faults.If(len(list) == 0, "providers: at least one is needed")
	seen := map[string]bool{}
	vendors := slices.ContainsFunc(list, func(c Config) bool { return c.Kind != mock })
	for i, c := range list {
		key := fmt.Sprintf("providers[%d]", i)
		faults.If(c.Name == "", "%s.name: is missing", key)
		faults.If(c.Name != "" && seen[c.Name], "%s.name: %q is used twice", key, c.Name)
		seen[c.Name] = true
		faults.If(vendors && c.Kind == mock && c.PriceFen > 0, "%s.priceFen: a mock that stands in for real models is not charged, must be 0", key)
		c.validate(key, &faults)
	}
	return faults.Err()
}

func (c Config) validate(key string, faults *check.Faults) {
	own := c.Kind == mock || c.Kind == "openai" // whose servers may be one's own
	faults.If(c.Kind == "", "%s.kind: is missing", key)
	faults.If(c.APIKey == "" && c.Kind != "" && !own, "%s.apiKey: is missing", key)
	faults.If(c.Timeout < 0, "%s.timeout: must not be negative, is %v", key, c.Timeout)
	faults.If(c.MaxConcurrent < 0, "%s.maxConcurrent: must not be negative, is %d", key, c.MaxConcurrent)
	for name, raw := range map[string]string{"baseUrl": c.BaseURL, "proxy": c.Proxy} {
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
