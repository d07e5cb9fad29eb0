package routing

import (
	"fmt"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// Provider is what a gateway knows of a provider: all but its key.
type Provider struct {
	Name          string
	Kind          string
	Model         string // as the books name it; the worker asks for what it is configured with
	Region        string // only workers of this region call it; "" for any
	Weight        int    // share of tasks that try it first; 0 only as a fallback
	MaxConcurrent int    // calls at once over the whole fleet, 0 for no limit
	PriceFen      int64
	Timeout       time.Duration // of one whole attempt
}

// Mock reports whether it is the mock, which stands in where there are real models.
func (p Provider) Mock() bool { return p.Kind == mockKind }

// Unknown says what follows an attempt that may have been billed.
type Unknown string

// The policies after an unknown outcome.
const (
	UnknownWait Unknown = operator.UnknownWait // for the manifest until the attempt's timeout, then fail
	UnknownNext Unknown = operator.UnknownNext // go on, within the daily budget
	UnknownFail Unknown = operator.UnknownFail // fail at once, the user may retry
)

// Config lists the providers and how to fall back.
type Config struct {
	Providers          []Provider
	NoticeAfter        time.Duration // then the user is told that it takes longer
	Unknown            Unknown
	DoublePayFenPerDay int64
	HedgeBudget        float64 // the share of attempts that may be second calls beside a slow one; 0 for none
	Mock               bool    // the mock may stand in for a real model
	MockShares         bool    // beside real models the mock has its share by weight, too: development
	MaxAttempts        int     // that reached a provider, per task
}

// Defaults is the built-in mock alone.
func Defaults() Config {
	return Config{
		Providers:   []Provider{{Name: "mock", Kind: "mock", Weight: 100, Timeout: time.Minute}},
		NoticeAfter: 15 * time.Second, Unknown: UnknownWait, MaxAttempts: 6,
	}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	names, vendors := make(map[string]bool), vendors(c.Providers)
	for i, p := range c.Providers {
		at := fmt.Sprintf("providers[%d]", i)
		faults.If(p.Name == "" || names[p.Name], "%s.name: must be given and unique, is %q", at, p.Name)
		names[p.Name] = true
		faults.If(p.Weight < 0 || p.Weight > policy.MaxWeight, "%s.weight: must be 0…%d, a share relative to the other providers', is %d", at, policy.MaxWeight, p.Weight)
		faults.If(p.MaxConcurrent < 0, "%s.maxConcurrent: must not be negative, is %d; 0 is no limit", at, p.MaxConcurrent)
		faults.If(p.PriceFen < 0, "%s.priceFen: must not be negative, is %d", at, p.PriceFen)
		faults.If(vendors && p.Kind == mockKind && p.PriceFen > 0, "%s.priceFen: a mock that stands in for real models is not charged, must be 0", at)
		faults.If(p.Timeout <= 0, "%s.timeout: must be positive, is %v", at, p.Timeout)
	}
	faults.If(len(c.Providers) == 0, "providers: at least one is needed")
	first := slices.ContainsFunc(c.Providers, func(p Provider) bool { return p.Weight != 0 && (!vendors || p.Kind != mockKind) })
	faults.If(len(c.Providers) > 0 && !first, "providers: every weight is 0, so no task has a first provider; give one a weight above 0")
	faults.If(c.NoticeAfter <= 0, "fallback.noticeAfter: must be positive, is %v", c.NoticeAfter)
	faults.If(!slices.Contains([]Unknown{UnknownWait, UnknownNext, UnknownFail}, c.Unknown), "fallback.unknown: must be wait, next or fail, is %q", c.Unknown)
	faults.If(c.DoublePayFenPerDay < 0, "fallback.doublePayFenPerDay: must not be negative, is %d", c.DoublePayFenPerDay)
	faults.If(!(c.HedgeBudget >= 0 && c.HedgeBudget <= 1), "fallback.hedgeBudget: must be 0…1, is %v", c.HedgeBudget)
	faults.If(c.MaxAttempts < 1, "fallback.maxAttempts: must be positive, is %d", c.MaxAttempts)
	return faults.Err()
}

// Fallback is the part of it that operators may change.
func (c Config) Fallback() operator.Fallback {
	return operator.Fallback{Mock: c.Mock, Unknown: string(c.Unknown), HedgeBudget: c.HedgeBudget, DoublePayFenPerDay: c.DoublePayFenPerDay}
}

// with lays over it what operators have set.
func (c Config) with(o operator.FallbackOverride) Config {
	f := o.Over(c.Fallback())
	c.Mock, c.Unknown, c.HedgeBudget, c.DoublePayFenPerDay = f.Mock, Unknown(f.Unknown), f.HedgeBudget, f.DoublePayFenPerDay
	return c
}

// HasMock reports whether a mock is among the providers.
func (c Config) HasMock() bool {
	return slices.ContainsFunc(c.Providers, func(p Provider) bool { return p.Kind == mockKind })
}

// Step is a configured provider as a step, also one that policy has switched
// off since, or that is not configured any more.
func (c Config) Step(provider string) Step {
	for _, p := range c.Providers {
		if p.Name == provider {
			return Step{Provider: p}
		}
	}
	return Step{Provider: Provider{Name: provider, Timeout: time.Minute}}
}
