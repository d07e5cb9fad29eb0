package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type experimentStopOptions struct {
	editOptions
	name string
}

func newExperimentStop(a *App) *cobra.Command {
	o := &experimentStopOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "stop NAME", Short: "End an experiment: tasks are made as without it",
		Long: "End an experiment: from then on tasks are made as without it. Tasks on their way keep their arm.\n" +
			"Whatever is to stay of the best arm is set with imgctl provider weight or imgctl catalog apply.",
		Example: "  imgctl experiment stop sky --reason \"new is better\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeExperiments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *experimentStopOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.StopExperiment(ctx, o.name, o.edit())
	})
}
