package admin

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// budgets lists the whole service first, then every provider.
func (s *Server) budgets(*http.Request) (any, error) {
	state, does := s.deps.Policy.State(), s.deps.Dispatch.Status().Providers
	all := operator.Budget{Name: policy.WholeService, Fen: budget(state, policy.WholeService)}
	out := operator.Budgets{Version: state.Version, Budgets: []operator.Budget{{}}}
	for _, p := range s.deps.Providers {
		b := operator.Budget{Name: p.Name, Fen: budget(state, p.Name), SpentFen: does[p.Name].SpentFen}
		all.SpentFen += b.SpentFen
		out.Budgets = append(out.Budgets, b)
	}
	out.Budgets[0] = all
	return out, nil
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
	if name == policy.WholeService || slices.ContainsFunc(s.deps.Providers, func(p routing.Provider) bool { return p.Name == name }) {
		return nil
	}
	return fault.New(fault.NotFound, "provider_not_found").With("known", s.known())
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
	out := operator.List[operator.Cost]{Data: []operator.Cost{}}
	for _, c := range costs {
		out.Data = append(out.Data, operator.Cost{
			Day: c.Day[:4] + "-" + c.Day[4:6] + "-" + c.Day[6:], Provider: c.Provider, Model: c.Model, Region: c.Region,
			Attempts: c.Attempts, OK: c.OK, Failed: c.Failed, Unknown: c.Unknown,
			Hedges: c.Hedges, ChargedFen: c.ChargedFen, UnknownFen: c.UnknownFen, ReturnedFen: c.ReturnedFen,
		})
	}
	return out, nil
}
