package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type workerLsOptions struct{ showOptions }

func newWorkerLs(a *App) *cobra.Command {
	o := &workerLsOptions{showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "ls", Short: "List the workers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}

func (o *workerLsOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		ws, err := c.Workers(ctx)
		return workersView(ws, time.Now()), err
	})
}
