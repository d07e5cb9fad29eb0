package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newBudgetSet(a *app.App) *cobra.Command {
	var service bool
	budgets := map[string]int64{}
	cmd := a.Changes(&cobra.Command{
		Use: "set [PROVIDER] FEN", Short: "Set what a provider may cost on a day, in fen",
		Long: "Set what a provider, or with --service all of them together, may cost on a Shanghai day, in fen\n" +
			"(0.01 CNY). A provider whose budget is spent gets no more tasks until midnight. When every budget is\n" +
			"spent, people are told to come back tomorrow.",
		Example: "  imgctl budget set seedream 50000\n  imgctl budget set --service 200000 --reason \"weekend campaign\"",
		Args:    cobra.RangeArgs(1, 2), ValidArgsFunction: completeProviders(a),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if (len(args) == 1) != service {
				return app.Usage("give a provider and fen, or --service and fen")
			}
			name, raw := wholeService, args[len(args)-1]
			if !service {
				name = args[0]
			}
			fen, err := strconv.ParseInt(raw, 10, 64)
			if err != nil || fen < 0 {
				return app.Usage("the budget must be a number of fen, is %q", raw)
			}
			budgets[name] = fen
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		return c.SetBudgets(ctx, budgets, e)
	})
	cmd.Flags().BoolVar(&service, "service", false, "the budget of all providers together")
	return cmd
}

func newBudgetReset(a *app.App) *cobra.Command {
	var service, all bool
	var names []string
	cmd := a.Changes(&cobra.Command{
		Use: "reset [PROVIDER…]", Short: "Remove budgets",
		Example:           "  imgctl budget reset seedream\n  imgctl budget reset --all",
		ValidArgsFunction: completeProviders(a),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if names = args; service {
				names = append(names, wholeService)
			}
			if (len(names) == 0) != all {
				return app.Usage("name providers, or give --service or --all")
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		return c.ResetBudgets(ctx, names, e)
	})
	cmd.Flags().BoolVar(&service, "service", false, "the budget of all providers together")
	cmd.Flags().BoolVar(&all, "all", false, "remove every budget")
	return cmd
}
