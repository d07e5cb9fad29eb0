package admin

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/policy"
)

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

// setNumbers sets numbers that the state has by name: limits, budgets. null
// takes one back, as in a merge patch.
func (s *Server) setNumbers(r *http.Request, action, field string, values map[string]*int64, of func(*policy.State) map[string]int64) (any, error) {
	if len(values) == 0 {
		return nil, invalid(field, "name at least one")
	}
	return s.change(r, action, strings.Join(slices.Sorted(maps.Keys(values)), ","), func(state *policy.State) error {
		numbers := of(state)
		for name, v := range values {
			if v == nil {
				delete(numbers, name)
			} else {
				numbers[name] = *v
			}
		}
		return nil
	})
}

// resetNumbers takes numbers back, all of them when none is named.
func (s *Server) resetNumbers(r *http.Request, action string, names []string, of func(*policy.State) map[string]int64) (any, error) {
	return s.change(r, action, cmp.Or(strings.Join(names, ","), "all"), func(state *policy.State) error {
		numbers := of(state)
		maps.DeleteFunc(numbers, func(name string, _ int64) bool { return len(names) == 0 || slices.Contains(names, name) })
		return nil
	})
}
