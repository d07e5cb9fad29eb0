package command

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func newTask(a *app.App) *cobra.Command {
	get := a.Shows(&cobra.Command{Use: "get TASK", Short: "Show a task and its attempts", Args: cobra.ExactArgs(1), ValidArgsFunction: completeTasks(a)},
		func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error) {
			t, err := c.Task(ctx, task.ID(args[0]))
			return taskView(t, time.Now()), err
		})
	return app.Group("task", "Pictures being made", newTaskLs(a), get, newTaskWatch(a), newTaskCancel(a))
}

func newTaskLs(a *app.App) *cobra.Command {
	var filter operator.TaskFilter
	states := []string{
		string(task.Queued), string(task.Running), string(task.Succeeded), string(task.Failed), string(task.Canceled), string(task.Expired),
	}
	cmd := a.Shows(&cobra.Command{
		Use: "ls", Short: "List tasks, those that changed last first", Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if filter.State != "" && !slices.Contains(states, string(filter.State)) {
				return app.Usage("--state must be one of %v, is %q", states, filter.State)
			}
			return app.Within("--limit", filter.Limit, 1, 1000)
		},
	}, func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		ts, err := c.Tasks(ctx, filter)
		return tasksView(ts, time.Now()), err
	})
	f := cmd.Flags()
	f.StringVar((*string)(&filter.Session), "session", "", "only of this `session`")
	f.StringVar((*string)(&filter.State), "state", "", "only in this `state`")
	f.IntVar(&filter.Limit, "limit", 50, "at most so `many` (1…1000)")
	app.Must(cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func newTaskCancel(a *app.App) *cobra.Command {
	return a.Acts(&cobra.Command{
		Use: "cancel TASK", Short: "Ask for the end of a task; it may still succeed",
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeTasks(a),
	}, func(args []string) string { return fmt.Sprintf("Cancel task %s?", args[0]) },
		func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (terminal.View, error) {
			t, err := c.CancelTask(ctx, task.ID(args[0]), e)
			switch {
			case err != nil:
			case e.DryRun:
				a.Talk("Dry run: nothing was changed.")
			default:
				a.Talk("Asked for the end of it. Watch it with: imgctl task watch %s", args[0])
			}
			return taskView(t, time.Now()), err
		})
}
