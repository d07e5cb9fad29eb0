package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type historyLsOptions struct {
	showOptions
	limit int
}

func newHistoryLs(a *App) *cobra.Command {
	o := &historyLsOptions{showOptions: showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "ls", Short: "List changes, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().IntVar(&o.limit, "limit", 20, "at most so `many` (1…1000)")
	o.flags(cmd)
	return cmd
}

func (o *historyLsOptions) run(ctx context.Context) error {
	if o.limit < 1 || o.limit > 1000 {
		return usage("--limit must be 1…1000, is %d", o.limit)
	}
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		changes, err := c.History(ctx, o.limit)
		return changesView(changes, changes), err
	})
}
