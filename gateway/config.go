package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/objective"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload/tus"
	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/moderation"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

const mock = "mock" // a kind of provider

// defaults run everything in one process on loopback.
func defaults() *Config {
	e, s, d, f := engine.Defaults(), session.Defaults(), dispatch.Defaults(), routing.Defaults()
	return &Config{
		HTTP:       httpConfig{Listen: "127.0.0.1:8080"},
		Admin:      adminConfig{Listen: "127.0.0.1:8081"},
		Fleet:      fleetConfig{Listen: "127.0.0.1:8082"},
		Data:       dataConfig{Dir: ".imgfleet"},
		Engine:     engineConfig{Sync: config.Sync{Always: e.Always, Interval: e.Interval}, Replicas: e.Replicas},
		Store:      defaultStore(),
		Session:    sessionConfig{TTL: s.TTL, MaxAge: s.MaxAge, Challenge: s.Challenge},
		Limits:     limitsConfig{Limits: limit.Defaults(), TaskTimeout: 10 * time.Minute},
		Retention:  24 * time.Hour,
		Providers:  []providerConfig{{Name: mock, Kind: mock}},
		Fallback:   fallbackConfig{NoticeAfter: f.NoticeAfter, Unknown: string(f.Unknown)},
		Dispatch:   dispatchConfig{Window: d.Window, Spill: d.Spill, BudgetAlarm: d.Alarming.BudgetShare, AllowanceAlarm: d.Alarming.Allowance},
		Objectives: objective.Defaults(),
		Moderation: moderation.Defaults(),
		Log:        telemetry.LogDefaults(),
	}
}

// Validate says everything that is wrong, by the operator's names.
func (c *Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Data.Dir == "" {
		fault("data.dir: must not be empty")
	}
	if !c.Engine.URL.Empty() && c.Store.Kind == kindDisk && !c.Store.Shared {
		fault("store.shared: gateways that share an engine need one object store: a bucket (store.kind: obs), or this when data.dir is a shared directory")
	}
	if c.Engine.URL.Empty() && c.Engine.Replicas > 1 {
		fault("engine.url: is missing: the engine of one process keeps one copy, and engine.replicas asks for %d", c.Engine.Replicas)
	}
	if !tus.ValidNode(c.HTTP.Node) {
		fault("http.node: must be at most 32 of a-z, 0-9 and -, is %q", c.HTTP.Node)
	}
	if n := c.drainNotice(); n < 0 || n > mostNotice {
		fault("http.drainNotice: must be 0…%v, is %v", mostNotice, n)
	}
	if c.Retention < time.Second {
		fault("retention: must be at least 1s, is %v", c.Retention)
	}
	for i, p := range c.Providers { // vendors' code is the workers', their names are not
		if kinds := prompt.Kinds(); !slices.Contains(kinds, p.Kind) {
			fault("providers[%d].kind: must be one of %s, is %q", i, strings.Join(kinds, ", "), p.Kind)
		}
	}
	if c.Limits.TaskTimeout < time.Second {
		fault("limits.taskTimeout: must be at least 1s, is %v", c.Limits.TaskTimeout)
	}
	if !c.TLS.Empty() {
		errs = append(errs, c.TLS.Validate())
	}
	errs = append(errs, c.validateListeners(), c.facts().Validate(), c.admin(c.sealedAdminToken()).Validate(), c.validateAddresses(), c.Log.Validate(), c.validateObjects(secret.Sealed), c.Limits.Validate(), c.Moderation.Validate(),
		c.engine(secret.Sealed).Validate(), c.session().Validate(), c.routing().Validate(), c.dispatch().Validate(), c.Objectives.Validate())
	return errors.Join(errs...)
}

// The notice of a gateway that stops.
const (
	usualNotice = 5 * time.Second // load balancers look every second or two
	mostNotice  = time.Minute
)

// drainNotice is how long a gateway goes on after it was told to stop.
func (c *Config) drainNotice() time.Duration {
	switch {
	case c.HTTP.DrainNotice != nil:
		return *c.HTTP.DrainNotice
	case c.prod():
		return usualNotice
	default:
		return 0
	}
}

// opened gives what is secret in the configuration: Sealed before the start,
// and then what references lead to.
type opened func(secret.Ref) secret.Value

func (c *Config) engine(of opened) engine.Config {
	address := c.Engine.URL.Public()
	if u := of(c.Engine.URL.Ref); !u.Sealed() {
		address = u.Reveal()
	}
	return engine.Config{
		URL: address, Listen: c.Engine.Listen, Token: of(c.Engine.Token), TLS: c.Engine.TLS, Creds: c.Engine.Creds, Dir: filepath.Clean(c.Data.Dir),
		Always: c.Engine.Sync.Always, Interval: c.Engine.Sync.Interval, Replicas: c.Engine.Replicas,
	}
}

func (c *Config) session() session.Config {
	s := session.Defaults()
	s.TTL, s.MaxAge, s.Challenge, s.RenewWithin = c.Session.TTL, c.Session.MaxAge, c.Session.Challenge, c.Session.RenewWithin
	if s.RenewWithin == 0 {
		s.RenewWithin = c.Retention
	}
	return s
}

func (c *Config) dispatch() dispatch.Config {
	d := dispatch.Defaults()
	d.Window, d.Spill = c.Dispatch.Window, c.Dispatch.Spill
	d.Alarming = dispatch.Alarming{BudgetShare: c.Dispatch.BudgetAlarm, Allowance: c.Dispatch.AllowanceAlarm}
	return d
}

// routing fills in what a provider's kind implies: asynchronous vendors take
// longer, and a weight that was not given is a full share.
func (c *Config) routing() routing.Config {
	r := routing.Defaults()
	r.NoticeAfter, r.Unknown, r.DoublePayFenPerDay = c.Fallback.NoticeAfter, routing.Unknown(c.Fallback.Unknown), c.Fallback.DoublePayFenPerDay
	r.HedgeBudget = c.Fallback.HedgeBudget
	r.Mock, r.MockShares = !c.prod(), !c.prod()
	if c.Fallback.Mock != nil {
		r.Mock = *c.Fallback.Mock
	}
	models := c.models()
	r.Providers = nil
	for _, p := range c.Providers {
		q := routing.Provider{
			Name: p.Name, Kind: p.Kind, Model: bookedModel(p), Region: p.Region, Weight: 100, MaxConcurrent: p.MaxConcurrent, Timeout: p.Timeout,
		}
		if p.PriceFen != nil {
			q.PriceFen = *p.PriceFen
		}
		if p.Kind == mock && models {
			q.Weight = 0 // beside real models the mock has a share only where one is written
		}
		if p.Weight != nil {
			q.Weight = *p.Weight
		}
		if q.Timeout == 0 {
			q.Timeout = classTimeout(p)
		}
		r.Providers = append(r.Providers, q)
	}
	return r
}

// bookedModel is the name of a provider's model in the books: the usual one
// where none is configured. What the mock has there are its knobs.
func bookedModel(p providerConfig) string {
	if p.Kind == mock {
		return mock
	}
	return cmp.Or(p.Model, prompt.For(p.Kind, "").Name)
}

// classTimeout is how long a call may take where nobody says otherwise.
func classTimeout(p providerConfig) time.Duration {
	if prompt.For(p.Kind, p.Model).Jobs {
		return 3 * time.Minute
	}
	return time.Minute
}
