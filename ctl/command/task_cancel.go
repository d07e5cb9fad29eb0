package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type taskCancelOptions struct {
	editOptions
	id task.ID
}

func newTaskCancel(a *App) *cobra.Command {
	o := &taskCancelOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "cancel TASK", Short: "Ask for the end of a task; it may still succeed",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeTasks(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = task.ID(args[0])
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *taskCancelOptions) run(ctx context.Context) error {
	if err := o.confirm(fmt.Sprintf("Cancel task %s?", o.id)); err != nil {
		return err
	}
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		t, err := c.CancelTask(ctx, o.id, o.edit())
		if err != nil {
			return err
		}
		if o.dryRun {
			o.app.talk("Dry run: nothing was changed.")
		} else {
			o.app.talk("Asked for the end of it. Watch it with: imgctl task watch %s", o.id)
		}
		return o.app.print(taskView(t, time.Now()))
	})
}
