package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type workerDrainOptions struct {
	editOptions
	id    string
	drain bool
}

// newWorkerDrain makes drain and undrain, which differ in one bit.
func newWorkerDrain(a *App, drain bool) *cobra.Command {
	o := &workerDrainOptions{editOptions: editOptions{app: a}, drain: drain}
	cmd := &cobra.Command{
		Use: "drain WORKER", Short: "Give a worker no new attempts; running ones end",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeWorkers(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			return o.run(cmd.Context())
		},
	}
	if !drain {
		cmd.Use, cmd.Short = "undrain WORKER", "Give a worker attempts again"
	}
	o.flags(cmd)
	return cmd
}

func (o *workerDrainOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.ChangeWorker(ctx, o.id, operator.WorkerPatch{Drain: o.drain}, o.edit())
	})
}
