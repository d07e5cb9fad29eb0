package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type budgetResetOptions struct {
	editOptions
	names        []string
	service, all bool
}

func newBudgetReset(a *App) *cobra.Command {
	o := &budgetResetOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "reset [PROVIDER…]", Short: "Remove budgets",
		Example:           "  imgctl budget reset seedream\n  imgctl budget reset --all",
		ValidArgsFunction: a.completeProviders(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if o.service {
				o.names = append(o.names, wholeService)
			}
			if (len(o.names) == 0) != o.all {
				return usage("name providers, or give --service or --all")
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.service, "service", false, "the budget of all providers together")
	cmd.Flags().BoolVar(&o.all, "all", false, "remove every budget")
	o.flags(cmd)
	return cmd
}

func (o *budgetResetOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.ResetBudgets(ctx, o.names, o.edit())
	})
}
