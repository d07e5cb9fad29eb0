package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type historyUndoOptions struct {
	editOptions
	version int
}

func newHistoryUndo(a *App) *cobra.Command {
	o := &historyUndoOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "undo VERSION", Short: "Reverse one change and leave later ones as they are",
		Long: "Reverse one change and leave later ones as they are. When a later change touched the same, it is\nrefused (exit code 6): undo that one first. The undo is a change too and can be undone.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.version, err = strconv.Atoi(args[0]); err != nil || o.version < 1 {
				return usage("VERSION must be a number of `imgctl history ls`, is %q", args[0])
			}
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *historyUndoOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.Undo(ctx, o.version, o.edit())
	})
}
