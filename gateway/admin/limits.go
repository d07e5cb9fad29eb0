package admin

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func (s *Server) limits(*http.Request) (any, error) {
	state := s.deps.Policy.State()
	base := s.deps.Policy.BaseLimits()
	effective := base.With(state.Limits)
	out := operator.Limits{Version: state.Version}
	for _, l := range limit.All() {
		_, overridden := state.Limits[l.Key]
		out.Limits = append(out.Limits, operator.Limit{Key: l.Key, Value: l.Of(effective), Configured: l.Of(base), Overridden: overridden})
	}
	return out, nil
}

func (s *Server) setLimits(r *http.Request) (any, error) {
	var patch operator.LimitsPatch
	if err := decode(r, &patch); err != nil {
		return nil, err
	}
	if len(patch.Limits) == 0 {
		return nil, invalid("/limits", "name at least one limit")
	}
	return s.change(r, "quota.set", keys(patch.Limits), func(state *policy.State) error {
		maps.Copy(state.Limits, patch.Limits)
		return nil
	})
}

func (s *Server) resetLimits(r *http.Request) (any, error) {
	var reset operator.LimitsReset
	if err := decode(r, &reset); err != nil {
		return nil, err
	}
	for _, key := range reset.Keys {
		if _, known := limit.Find(key); !known {
			return nil, fault.New(fault.PolicyInvalid).At("/keys", fault.FieldUnknownLimit, "there is no limit "+key)
		}
	}
	subject := strings.Join(reset.Keys, ",")
	if subject == "" {
		subject = "all"
	}
	return s.change(r, "quota.reset", subject, func(state *policy.State) error {
		if len(reset.Keys) == 0 {
			clear(state.Limits)
		}
		for _, key := range reset.Keys {
			delete(state.Limits, key)
		}
		return nil
	})
}

func keys(m map[string]int64) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ",")
}

// change applies a change to the operator state on behalf of a request.
func (s *Server) change(r *http.Request, action, subject string, apply func(*policy.State) error) (any, error) {
	e, err := edit(r, action, subject)
	if err != nil {
		return nil, err
	}
	c, err := s.deps.Policy.Apply(r.Context(), e, apply)
	if err != nil {
		return nil, err
	}
	return changed(c, e), nil
}
