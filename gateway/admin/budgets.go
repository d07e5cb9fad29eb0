package admin

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// budgets lists the whole service first, then every provider.
func (s *Server) budgets(*http.Request) (any, error) {
	state, now := s.deps.Policy.State(), s.deps.Dispatch.Status()
	out := operator.Budgets{Version: state.Version}
	add := func(name string, spent int64) {
		out.Budgets = append(out.Budgets, operator.Budget{
			Name: name, Fen: budget(state, name), SpentFen: spent,
			Alarm: slices.ContainsFunc(now.Alarms, func(a dispatch.Alarm) bool { return a.What == dispatch.AlarmBudget && a.Name == name }),
		})
	}
	add(policy.WholeService, now.SpentFen)
	for _, p := range s.deps.Providers {
		add(p.Name, now.Providers[p.Name].SpentFen)
	}
	return out, nil
}

// alarms are those about one provider, or all when it is "".
func alarms(all []dispatch.Alarm, provider string) []operator.Alarm {
	out := []operator.Alarm{}
	for _, a := range all {
		if provider == "" || a.Name == provider && a.What != dispatch.AlarmCampaign {
			out = append(out, operator.Alarm{
				What: string(a.What), Name: a.Name, SpentFen: a.SpentFen, BudgetFen: a.BudgetFen, Remaining: a.Remaining,
			})
		}
	}
	return out
}

func budget(state *policy.State, name string) *int64 {
	if fen, ok := state.Budgets[name]; ok {
		return &fen
	}
	return nil
}

func (s *Server) setBudgets(r *http.Request) (any, error) {
	var patch operator.BudgetsPatch
	if err := decode(r, &patch); err != nil {
		return nil, err
	}
	if len(patch.Budgets) == 0 {
		return nil, invalid("/budgets", "name at least one provider")
	}
	for name := range patch.Budgets {
		if err := s.payee(name); err != nil {
			return nil, err
		}
	}
	return s.change(r, "budget.set", keys(patch.Budgets), func(state *policy.State) error {
		maps.Copy(state.Budgets, patch.Budgets)
		return nil
	})
}

func (s *Server) resetBudgets(r *http.Request) (any, error) {
	var reset operator.BudgetsReset
	if err := decode(r, &reset); err != nil {
		return nil, err
	}
	subject := strings.Join(reset.Names, ",")
	if subject == "" {
		subject = "all"
	}
	return s.change(r, "budget.reset", subject, func(state *policy.State) error {
		if len(reset.Names) == 0 {
			clear(state.Budgets)
		}
		for _, name := range reset.Names {
			delete(state.Budgets, name)
		}
		return nil
	})
}

// payee refuses a name that nobody is paid under.
func (s *Server) payee(name string) error {
	if name == policy.WholeService {
		return nil
	}
	_, err := s.provider(name)
	return err
}

const mostCostDays = 400

func (s *Server) costs(r *http.Request) (any, error) {
	days := 7
	if given := r.URL.Query().Get("days"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > mostCostDays {
			return nil, invalid("/days", "must be 1…"+strconv.Itoa(mostCostDays))
		}
		days = n
	}
	costs, err := s.deps.Dispatch.Costs(r.Context(), days)
	if err != nil {
		return nil, err
	}
	return operator.List[operator.Cost]{Data: costs}, nil
}
