package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type catalogRollbackOptions struct {
	editOptions
	to operator.CatalogRollback
}

func newCatalogRollback(a *App) *cobra.Command {
	o := &catalogRollbackOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "rollback [VERSION]", Short: "Put an earlier catalogue in force again",
		Long: "Put an earlier catalogue in force again: the one before the present one, or VERSION. The last 100 are kept.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				v, err := strconv.Atoi(args[0])
				if err != nil || v < 1 {
					return usage("VERSION must be a number of `imgctl catalog show`, is %q", args[0])
				}
				o.to.Version = v
			}
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *catalogRollbackOptions) run(ctx context.Context) error {
	return o.turn(ctx, func(ctx context.Context, c *operator.Client) (operator.CatalogChange, error) {
		return c.RollbackCatalog(ctx, o.to, o.edit())
	})
}
