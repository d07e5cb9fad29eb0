package main

import (
	"cmp"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/production"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// facts are what the table of prod asks of a gateway's configuration.
func (c *Config) facts() production.Facts {
	f := production.Facts{
		Environment: c.Environment,
		Listeners: []production.Listener{
			{Key: "http.listen", Address: c.HTTP.Listen},
			{Key: "admin.listen", Address: c.Admin.Listen, Proof: production.Both, TLS: c.Admin.TLS.Given(), Token: !c.Admin.Token.Empty()},
			{Key: "fleet.listen", Address: c.Fleet.Listen, Proof: production.Mutual, TLS: !c.TLS.Empty()},
		},
		Secrets: config.Secrets(c),
		Links:   []production.Link{{Key: "cdn.baseUrl", URL: c.CDN.BaseURL}, {Key: "http.publicUrl", URL: c.HTTP.PublicURL}},
	}
	if c.Engine.URL.Empty() { // else nothing listens there
		f.Listeners = append(f.Listeners, production.Listener{
			Key: "engine.listen", Address: c.Engine.Listen, Proof: production.Both, TLS: c.Engine.TLS.Serves(), Token: !c.Engine.Token.Empty(),
		})
	}
	for _, p := range c.Providers {
		f.Providers = append(f.Providers, production.Provider{Name: p.Name, Real: p.Kind != mock, Priced: p.PriceFen != nil})
	}
	return f
}

// prod reports whether this gateway serves people. Where nothing is said, it
// is on loopback and somebody's own.
func (c *Config) prod() bool { return c.Environment == production.Prod }

// environment is prod or dev.
func (c *Config) environment() string { return cmp.Or(c.Environment, production.Dev) }

// sealedAdminToken stands for the token before the start, also for one that is
// kept and comes of itself.
func (c *Config) sealedAdminToken() secret.Value {
	if c.Admin.Token.Empty() {
		return secret.Sealed(secret.NewRef("kept in data.dir"))
	}
	return secret.Sealed(c.Admin.Token)
}

// admin is what the admin listener is made of.
func (c *Config) admin(token secret.Value) admin.Config {
	return admin.Config{Listen: c.Admin.Listen, Token: token, Hosts: c.Admin.Hosts, TLS: c.Admin.TLS}
}
