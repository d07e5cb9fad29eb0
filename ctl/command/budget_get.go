package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type budgetGetOptions struct{ showOptions }

func newBudgetGet(a *App) *cobra.Command {
	o := &budgetGetOptions{showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "get", Short: "Show the budgets of the day, and what was spent", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}

func (o *budgetGetOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		b, err := c.Budgets(ctx)
		return budgetsView(b), err
	})
}
