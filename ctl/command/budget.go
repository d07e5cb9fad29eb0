package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// wholeService is the name of the budget of all providers together.
const wholeService = "*"

func newBudget(a *app.App) *cobra.Command {
	get := a.Shows(&cobra.Command{Use: "get", Short: "Show the budgets of the day, and what was spent", Args: cobra.NoArgs},
		app.Of((*operator.Client).Budgets, budgetsView))
	return app.Group("budget", "What providers may cost on a day", get, newBudgetSet(a), newBudgetReset(a))
}

func budgetsView(b operator.Budgets) terminal.View {
	v := terminal.View{Doc: b, Table: terminal.Table{Columns: []terminal.Column{
		{Name: "provider", Least: 8}, {Name: "budget", Right: true}, {Name: "spent today", Right: true}, {Name: "left", Right: true},
		{Name: "alarm"},
	}}}
	for _, x := range b.Budgets {
		name, left, alarm := x.Name, "-", ""
		if name == wholeService {
			name = "(whole service)"
		}
		if x.Fen != nil {
			left = yuan(max(0, *x.Fen-x.SpentFen))
		}
		if x.Alarm {
			alarm = spentText(x.SpentFen, *x.Fen)
		}
		v.Names = append(v.Names, x.Name)
		v.Table.Rows = append(v.Table.Rows, []string{name, budgetText(x.Fen), yuan(x.SpentFen), left, alarm})
	}
	return v
}

// spentText is how much of a budget is spent, rounded down: a budget is not
// said to be spent before it is.
func spentText(spent, budget int64) string {
	return fmt.Sprintf("%d%% spent", spent*100/max(1, budget))
}

// yuan writes fen as people write money.
func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

func budgetText(fen *int64) string { return said(fen, "off", yuan) }
