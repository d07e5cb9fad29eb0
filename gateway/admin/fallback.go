package admin

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func (s *Server) fallback(*http.Request) (any, error) {
	state := s.deps.Policy.State()
	f := state.Fallback.Over(s.deps.Fallback)
	return operator.FallbackState{
		Fallback: f, Version: state.Version, Configured: s.deps.Fallback, Set: state.Fallback, Warnings: f.Warnings(s.hasMock()),
	}, nil
}

func (s *Server) setFallback(r *http.Request, p operator.Patch) (any, error) {
	if len(p) == 0 {
		return nil, invalid("", "name at least one of "+strings.Join(operator.FallbackFields(), ", "))
	}
	return s.changeFallback(r, "fallback.set", strings.Join(slices.Sorted(maps.Keys(p)), ","), p)
}

// resetFallback takes fields back to what is configured, all of them when none
// is named.
func (s *Server) resetFallback(r *http.Request, reset operator.FallbackReset) (any, error) {
	known, p := operator.FallbackFields(), operator.Patch{}
	for _, field := range reset.Fields {
		if !slices.Contains(known, field) {
			return nil, fault.New(fault.PolicyInvalid).At("/fields", fault.FieldUnknown, "there is no field "+field+"; there are "+strings.Join(known, ", "))
		}
		p[field] = nil
	}
	if len(p) == 0 {
		for _, field := range known {
			p[field] = nil
		}
	}
	return s.changeFallback(r, "fallback.reset", cmp.Or(strings.Join(reset.Fields, ","), "all"), p)
}

// changeFallback changes what is set, and says what has no effect.
func (s *Server) changeFallback(r *http.Request, action, subject string, p operator.Patch) (any, error) {
	var applies operator.Fallback
	e, err := edit(r, action, subject)
	if err != nil {
		return nil, err
	}
	c, err := s.deps.Policy.Apply(r.Context(), e, func(state *policy.State) (err error) {
		state.Fallback, err = patch(state.Fallback, p)
		applies = state.Fallback.Over(s.deps.Fallback)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := changed(c, e)
	out.Warnings = applies.Warnings(s.hasMock())
	return out, nil
}

// hasMock reports whether a mock is configured.
func (s *Server) hasMock() bool { return routing.Config{Providers: s.deps.Providers}.HasMock() }
