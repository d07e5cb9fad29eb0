package admin

import (
	"net/http"

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

func (s *Server) setLimits(r *http.Request, patch operator.LimitsPatch) (any, error) {
	return s.setNumbers(r, "quota.set", "/limits", patch.Limits, limitsOf)
}

func (s *Server) resetLimits(r *http.Request, reset operator.LimitsReset) (any, error) {
	for _, key := range reset.Keys {
		if _, known := limit.Find(key); !known {
			return nil, fault.New(fault.PolicyInvalid).At("/keys", fault.FieldUnknown, "there is no limit "+key)
		}
	}
	return s.resetNumbers(r, "quota.reset", reset.Keys, limitsOf)
}

func limitsOf(state *policy.State) map[string]int64 { return state.Limits }
