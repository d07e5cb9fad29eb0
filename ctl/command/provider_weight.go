package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type providerWeightOptions struct {
	editOptions
	name  string
	patch operator.ProviderPatch
}

func newProviderWeight(a *App) *cobra.Command {
	o := &providerWeightOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "weight NAME WEIGHT", Short: "Change a provider's share of tasks (0…1000)",
		Long:    "Change a provider's share of tasks. Weights count relative to each other; with 0 a provider is only\na fallback. --reset goes back to the configured weight.",
		Example: "  imgctl provider weight seedream 20\n  imgctl provider weight seedream --reset",
		Args:    cobra.RangeArgs(1, 2), ValidArgsFunction: a.completeProviders(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.parse(args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.patch.ResetWeight, "reset", false, "go back to the configured weight")
	o.flags(cmd)
	return cmd
}

func (o *providerWeightOptions) parse(args []string) error {
	o.name = args[0]
	if (len(args) == 2) == o.patch.ResetWeight {
		return usage("give either a weight or --reset")
	}
	if len(args) == 2 {
		w, err := strconv.Atoi(args[1])
		if err != nil || w < 0 || w > 1000 {
			return usage("the weight must be 0…1000, is %q", args[1])
		}
		o.patch.Weight = &w
	}
	return nil
}

func (o *providerWeightOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.ChangeProvider(ctx, o.name, o.patch, o.edit())
	})
}
