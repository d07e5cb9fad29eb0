package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func (s *Server) providers(*http.Request) (any, error) {
	state, load := s.deps.Policy.State(), s.deps.Dispatch.Status()
	out := operator.List[operator.Provider]{Data: []operator.Provider{}}
	workers := s.deps.Fleet.Workers()
	for _, p := range s.deps.Providers {
		does, at := load.Providers[p.Name], dispatch.Stand(p, state, workers, load.Known)
		out.Data = append(out.Data, operator.Provider{
			Name: p.Name, Kind: p.Kind, Region: p.Region, Enabled: !state.Disabled(p.Name),
			State: at.State, Reason: at.Reason, Until: at.Until, Calls: does.Calls, Success: does.Success, LastRefusal: refusal(does),
			Weight: state.Weight(p.Name, p.Weight), ConfiguredWeight: p.Weight,
			MaxConcurrent: p.MaxConcurrent, InFlight: load.InFlight[p.Name], PriceFen: p.PriceFen,
			Workers: s.callers(p.Name), Breakers: does.Breakers, RateWindow: does.Window,
			P50Seconds: does.P50Seconds, P95Seconds: does.P95Seconds,
			SpentFen: does.SpentFen, BudgetFen: budget(state, p.Name), Remaining: does.Remaining, Alarms: providerAlarms(load.Alarms, p.Name),
		})
	}
	return out, nil
}

func refusal(does dispatch.ProviderStatus) *operator.Refusal {
	if r := does.Refusal; r != nil {
		return &operator.Refusal{Class: r.Class, Code: r.Code, Message: r.Message, At: r.At}
	}
	return nil
}

// callers lists the workers that can call a provider.
func (s *Server) callers(provider string) []string {
	ids := []string{}
	for _, w := range s.deps.Fleet.Workers() {
		if slices.Contains(w.Providers, provider) {
			ids = append(ids, w.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s *Server) changeProvider(r *http.Request) (any, error) {
	name := r.PathValue("name")
	if _, err := s.provider(name); err != nil {
		return nil, err
	}
	var patch operator.ProviderPatch
	if err := decode(r, &patch); err != nil {
		return nil, err
	}
	if patch.Weight != nil && patch.ResetWeight {
		return nil, invalid("/resetWeight", "contradicts weight")
	}
	reason := spoken(r, operator.HeaderReason)
	return s.change(r, providerAction(patch), name, func(state *policy.State) error {
		p := state.Providers[name]
		if patch.Enabled != nil && *patch.Enabled == p.Disabled {
			p.Disabled, p.Reason = !*patch.Enabled, ""
			if p.Disabled {
				p.Reason = reason
			}
		}
		if patch.Weight != nil {
			p.Weight = patch.Weight
		}
		if patch.ResetWeight {
			p.Weight = nil
		}
		state.Providers[name] = p
		return nil
	})
}

// provider is a configured one.
func (s *Server) provider(name string) (routing.Provider, error) {
	for _, p := range s.deps.Providers {
		if p.Name == name {
			return p, nil
		}
	}
	names := make([]string, len(s.deps.Providers))
	for i, p := range s.deps.Providers {
		names[i] = p.Name
	}
	return routing.Provider{}, fault.New(fault.ProviderNotFound).With("known", strings.Join(names, ", "))
}

func providerAction(p operator.ProviderPatch) string {
	switch {
	case p.Enabled == nil:
		return "provider.weight"
	case *p.Enabled:
		return "provider.enable"
	default:
		return "provider.disable"
	}
}
