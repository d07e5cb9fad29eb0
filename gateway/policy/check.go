package policy

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	minArms, maxArms = 2, 8
	maxSteps         = 1000
	maxCFG           = 100
)

// check refuses states that nobody could have meant.
func (s *State) check() error {
	f := fault.New(fault.PolicyInvalid)
	for key, v := range s.Limits {
		if _, known := limit.Find(key); !known {
			f = f.At("/limits/"+key, fault.FieldUnknown, fmt.Sprintf("there is no limit %q", key))
		} else if v < 0 {
			f = f.At("/limits/"+key, fault.FieldOutOfRange, "must not be negative")
		}
	}
	for name, fen := range s.Budgets {
		if fen < 0 {
			f = f.At("/budgets/"+name, fault.FieldOutOfRange, "must not be negative")
		}
	}
	for name, p := range s.Providers {
		if p.Weight != nil && (*p.Weight < 0 || *p.Weight > MaxWeight) {
			f = f.At("/providers/"+name+"/weight", fault.FieldOutOfRange, fmt.Sprintf("must be 0…%d", MaxWeight))
		}
	}
	f = checkFallback(f, s.Fallback)
	f = s.checkExperiments(s.Ramp.check(f))
	for name, c := range s.Campaigns {
		f = checkCampaign(f, name, c)
	}
	if len(f.Violations) > 0 {
		return f
	}
	return nil
}

func checkFallback(f *fault.Fault, o Fallback) *fault.Fault {
	if u := o.Unknown; u != nil && *u != operator.UnknownWait && *u != operator.UnknownNext && *u != operator.UnknownFail {
		f = f.At("/fallback/unknown", fault.FieldInvalid, "must be wait, next or fail")
	}
	if h := o.HedgeBudget; h != nil && !(*h >= 0 && *h <= 1) {
		f = f.At("/fallback/hedgeBudget", fault.FieldOutOfRange, "must be 0…1")
	}
	if fen := o.DoublePayFenPerDay; fen != nil && *fen < 0 {
		f = f.At("/fallback/doublePayFenPerDay", fault.FieldOutOfRange, "must not be negative")
	}
	return f
}

// checkExperiments says everything that is wrong with them.
func (s *State) checkExperiments(f *fault.Fault) *fault.Fault {
	running := 0
	for name, e := range s.Experiments {
		at := "/experiments/" + name
		if !named(name) {
			f = f.At(at, fault.FieldInvalid, "must be lower-case letters, digits and hyphens, at most 40")
		}
		if e.Running() {
			running++
		}
		if e.Traffic < 1 || e.Traffic > 100 {
			f = f.At(at+"/traffic", fault.FieldOutOfRange, "must be 1…100 percent")
		}
		if e.Split != "" && e.Split != operator.SplitWeights && e.Split != operator.SplitThompson {
			f = f.At(at+"/split", fault.FieldInvalid, "must be weights or thompson")
		}
		f = checkArms(f, at+"/arms", e)
	}
	if running > 1 {
		f = f.At("/experiments", fault.FieldConflict, "only one may be running")
	}
	if len(s.Experiments) > MaxExperiments {
		f = f.At("/experiments", fault.FieldTooMany, fmt.Sprintf("must be at most %d", MaxExperiments))
	}
	return f
}

func checkArms(f *fault.Fault, at string, e Experiment) *fault.Fault {
	if len(e.Arms) < minArms || len(e.Arms) > maxArms {
		f = f.At(at, fault.FieldOutOfRange, fmt.Sprintf("must be %d…%d arms", minArms, maxArms))
	}
	seen := make(map[string]bool)
	for i, a := range e.Arms {
		at := at + "/" + strconv.Itoa(i)
		for _, c := range []struct {
			ok            bool
			field, detail string
		}{
			{named(a.Name) && !seen[a.Name], "name", "must be lower-case letters, digits and hyphens, and used once"},
			{a.Provider != "", "provider", "must be given"},
			{a.Weight >= 1 && a.Weight <= MaxWeight, "weight", fmt.Sprintf("must be 1…%d", MaxWeight)},
			{e.Split != operator.SplitThompson || a.Weight == 1, "weight", "does not count here: the arms' results divide the sessions"},
			{a.Steps >= 0 && a.Steps <= maxSteps, "steps", fmt.Sprintf("must be 0…%d", maxSteps)},
			{a.CFG >= 0 && a.CFG <= maxCFG, "cfg", fmt.Sprintf("must be 0…%d", maxCFG)},
			{a.Strength >= 0 && a.Strength <= 1, "strength", "must be 0…1"},
		} {
			if !c.ok {
				f = f.At(at+"/"+c.field, fault.FieldOutOfRange, c.detail)
			}
		}
		seen[a.Name] = true
	}
	return f
}

// checkCampaign says everything that is wrong with a campaign.
func checkCampaign(f *fault.Fault, name string, c Campaign) *fault.Fault {
	wrong := func(field, detail string) { f = f.At("/campaigns/"+name+"/"+field, fault.FieldOutOfRange, detail) }
	if !ValidCampaign(name) {
		wrong("name", "must be 1…32 lower-case letters, digits and inner dashes")
	}
	if c.From.IsZero() || !c.To.After(c.From) || c.To.Sub(c.From) > maxCampaignLength {
		wrong("to", "must be after from, and at most a year")
	}
	if c.Capacity < 1 || c.Capacity > maxCampaignCapacity {
		wrong("capacity", fmt.Sprintf("must be 1…%d", maxCampaignCapacity))
	}
	if c.DailyBudgetFen < 0 {
		wrong("dailyBudgetFen", "must not be negative")
	}
	if c.BrandMark != "" && !task.ValidBrandMark(c.BrandMark) {
		wrong("brandMark", fmt.Sprintf("must be at most %d characters of ASCII and GB 2312, in one line, a letter or digit among them", task.MaxBrandMark))
	}
	if c.LandingURL != "" && !landing(c.LandingURL) {
		wrong("landingUrl", fmt.Sprintf("must be an https address of at most %d characters, without a user", maxLandingURL))
	}
	return f
}

// landing reports whether an address may be given to everybody who makes a
// picture.
func landing(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= maxLandingURL && u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}
