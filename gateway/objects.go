package main

import (
	"context"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/cdn"
	"github.com/imgfleet/imgfleet/gateway/store/cdn/refresh"
	"github.com/imgfleet/imgfleet/gateway/store/disk"
	"github.com/imgfleet/imgfleet/gateway/store/obs"
	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/config"
)

const (
	kindDisk = "disk"
	kindOBS  = "obs"
)

func defaultStore() storeConfig {
	o := obs.Defaults()
	return storeConfig{Kind: kindDisk, MinFree: config.Bytes(disk.Defaults().MinFree), OBS: obsConfig{Credentials: o.Credentials, Signature: o.Signature}}
}

// validateObjects judges the keys of the store that is chosen.
func (c *Config) validateObjects(of opened) error {
	var faults check.Faults
	switch c.Store.Kind {
	case kindDisk:
		faults.If(c.CDN.BaseURL != "", "cdn.baseUrl: needs store.kind obs, from which a CDN can draw")
	case kindOBS:
		faults.Add(c.obs(of).Validate())
	default:
		faults.Say("store.kind: must be disk or obs, is %q", c.Store.Kind)
	}
	faults.If(c.CDN.BaseURL == "" && c.refresh(of).Enabled(), "cdn.baseUrl: must be given with cdn.accessKey")
	faults.Add(c.cdn(of).Validate(), c.refresh(of).Validate())
	return faults.Err()
}

// refresh keeps an address as long as a signature opens it.
func (c *Config) refresh(of opened) refresh.Config {
	r := refresh.Defaults()
	r.AccessKey, r.SecretKey, r.DomainID = of(c.CDN.AccessKey), of(c.CDN.SecretKey), c.CDN.DomainID
	r.EnterpriseProject, r.Keep = c.CDN.EnterpriseProject, c.Retention
	if c.CDN.Endpoint != "" {
		r.Endpoint = c.CDN.Endpoint
	}
	return r
}

func (c *Config) obs(of opened) obs.Config {
	o := c.Store.OBS
	return obs.Config{
		Endpoint: o.Endpoint, Bucket: o.Bucket, Credentials: o.Credentials, AccessKey: of(o.AccessKey), SecretKey: of(o.SecretKey),
		SecurityToken: of(o.SecurityToken), Signature: o.Signature, PathStyle: o.PathStyle, Region: o.Region, Retention: c.Retention,
	}
}

func (c *Config) cdn(of opened) cdn.Config {
	d := cdn.Config{BaseURL: c.CDN.BaseURL, SigningKey: of(c.CDN.SigningKey), Validity: c.CDN.Validity}
	if d.Validity == 0 {
		d.Validity = c.Retention
	}
	return d
}

// buildStore opens the chosen object store.
func (g *gateway) buildStore(ctx context.Context) (err error) {
	g.room = room.Of(g.config.Data.Dir, int64(g.config.Store.MinFree))
	sc := g.config.store()
	sc.RawKept = upload.Defaults().PutWithin // then their records are gone, and nobody can judge them any more
	deps := store.Deps{Keys: g.keys, Logger: g.log, Registry: g.reg}
	if g.config.Store.Kind == kindOBS {
		err = g.openBucket(ctx, &deps)
	} else {
		dc := disk.Defaults()
		dc.Dir, dc.Sync, dc.MinFree = g.config.Data.Dir, g.config.Engine.Sync.Always, int64(g.config.Store.MinFree)
		dc.Room, dc.Retention = g.room, g.config.Retention
		deps.Driver, err = disk.Open(dc)
	}
	if err != nil {
		return err
	}
	g.store, err = store.New(sc, deps)
	return err
}

// openBucket opens the bucket and what stands before it.
func (g *gateway) openBucket(ctx context.Context, deps *store.Deps) error {
	of := g.secrets.Value
	if err := g.openCDN(ctx, g.config.cdn(of), g.refreshes(), deps); err != nil {
		return err
	}
	return g.builder.insist(ctx, func() error {
		driver, err := obs.Open(ctx, g.config.obs(of), g.log)
		if err == nil {
			deps.Driver = driver
		}
		return err
	})
}

// refreshes is how the CDN is told to forget. The engine shall keep what is to be
// told for as long as is configured.
func (g *gateway) refreshes() refresh.Config {
	r := g.config.refresh(g.secrets.Value)
	r.Keep = g.wanted
	return r
}

// openCDN prepares what signs for the CDN and what tells it to forget.
func (g *gateway) openCDN(ctx context.Context, domain cdn.Config, asks refresh.Config, deps *store.Deps) error {
	if !domain.Enabled() {
		return nil
	}
	signer, err := cdn.New(domain)
	if err != nil {
		return err
	}
	deps.CDN = signer
	if !asks.Enabled() {
		return nil
	}
	if g.refresh, err = refresh.Open(ctx, asks, refresh.Deps{Engine: g.engine, Logger: g.log, Registry: g.reg}); err != nil {
		return err
	}
	deps.Refresh = g.refresh
	return nil
}

// runRefresh has nothing to do without a CDN.
func (g *gateway) runRefresh(ctx context.Context) error {
	if g.refresh == nil {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return g.refresh.Run(ctx)
}
