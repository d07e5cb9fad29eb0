package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type experimentLsOptions struct{ showOptions }

func newExperimentLs(a *App) *cobra.Command {
	o := &experimentLsOptions{showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "ls", Short: "List the experiments, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}

func (o *experimentLsOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		es, err := c.Experiments(ctx)
		return experimentsView(es), err
	})
}
