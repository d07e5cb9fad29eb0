package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type taskGetOptions struct {
	showOptions
	id task.ID
}

func newTaskGet(a *App) *cobra.Command {
	o := &taskGetOptions{showOptions: showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "get TASK", Short: "Show a task and its attempts", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeTasks(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = task.ID(args[0])
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *taskGetOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		t, err := c.Task(ctx, o.id)
		return taskView(t, time.Now()), err
	})
}
