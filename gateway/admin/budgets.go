package admin

import (
	"net/http"
	"slices"

	"github.com/imgfleet/imgfleet/gateway/alarm"
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
			Alarm: slices.ContainsFunc(now.Alarms, func(a dispatch.Alarm) bool { return a.What == alarm.Budget && a.Name == name }),
		})
	}
	add(policy.WholeService, now.SpentFen)
	for _, p := range s.deps.Providers {
		add(p.Name, now.Providers[p.Name].SpentFen)
	}
	return out, nil
}

func budget(state *policy.State, name string) *int64 {
	if fen, ok := state.Budgets[name]; ok {
		return &fen
	}
	return nil
}

func (s *Server) setBudgets(r *http.Request, patch operator.BudgetsPatch) (any, error) {
	for name := range patch.Budgets {
		if err := s.payee(name); err != nil {
			return nil, err
		}
	}
	return s.setNumbers(r, "budget.set", "/budgets", patch.Budgets, budgetsOf)
}

func (s *Server) resetBudgets(r *http.Request, reset operator.BudgetsReset) (any, error) {
	return s.resetNumbers(r, "budget.reset", reset.Names, budgetsOf)
}

func budgetsOf(state *policy.State) map[string]int64 { return state.Budgets }

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
	days, err := number(r, "days", 7, 1, mostCostDays)
	if err != nil {
		return nil, err
	}
	costs, err := s.deps.Dispatch.Costs(r.Context(), days)
	if err != nil {
		return nil, err
	}
	return operator.List[operator.Cost]{Data: costs}, nil
}
