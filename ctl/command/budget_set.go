package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type budgetSetOptions struct {
	editOptions
	service bool
	budgets map[string]int64
}

func newBudgetSet(a *App) *cobra.Command {
	o := &budgetSetOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "set [PROVIDER] FEN", Short: "Set what a provider may cost on a day, in fen",
		Long: "Set what a provider, or with --service all of them together, may cost on a Shanghai day, in fen\n" +
			"(0.01 CNY). A provider without money left leaves the plan until midnight; when nobody is left,\n" +
			"people are told to come back tomorrow.",
		Example: "  imgctl budget set seedream 50000\n  imgctl budget set --service 200000 --reason \"weekend campaign\"",
		Args:    cobra.RangeArgs(1, 2), ValidArgsFunction: a.completeProviders(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.parse(args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.service, "service", false, "the budget of all providers together")
	o.flags(cmd)
	return cmd
}

func (o *budgetSetOptions) parse(args []string) error {
	if (len(args) == 1) != o.service {
		return usage("give a provider and fen, or --service and fen")
	}
	name, raw := wholeService, args[len(args)-1]
	if !o.service {
		name = args[0]
	}
	fen, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || fen < 0 {
		return usage("the budget must be a number of fen, is %q", raw)
	}
	o.budgets = map[string]int64{name: fen}
	return nil
}

func (o *budgetSetOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.SetBudgets(ctx, o.budgets, o.edit())
	})
}
