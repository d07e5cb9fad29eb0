package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	cmd := a.Shows(&cobra.Command{
		Use: "ls", Short: "List tasks, those that changed last first", Args: cobra.NoArgs,
		Example: "  imgctl task ls --state failed --since 1h\n  imgctl task ls --provider seedream --code InvalidApiKey\n  imgctl task ls --sort-by vendor",
		PreRunE: func(*cobra.Command, []string) error { return checkTaskFilter(filter) },
	}, func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		l, err := c.TaskList(ctx, filter)
		if l.Next != "" {
			a.Talk("There may be more: narrow it with --since, or go on with --before %s", l.Next)
		}
		return tasksView(l.Data, time.Now()), err
	})
	f := cmd.Flags()
	f.StringVar((*string)(&filter.Session), "session", "", "only of this `session`")
	f.StringVar((*string)(&filter.State), "state", "", "only in this `state`")
	f.StringVar(&filter.Provider, "provider", "", "only those that were tried at this `provider`")
	f.StringVar(&filter.Code, "code", "", "only those that failed, or had an attempt that failed, with this `code`")
	f.StringVar(&filter.Since, "since", "", "only those made since this `time`: 30m, 2h, 1d, or as 2026-03-01T08:00:00+08:00")
	f.StringVar(&filter.SortBy, "sort-by", "", "`order`: "+strings.Join(operator.TaskOrders(), ", "))
	f.StringVar(&filter.Before, "before", "", "go on where an earlier list `ended`")
	f.IntVar(&filter.Limit, "limit", 50, "at most so `many` (1…1000)")
	for flag, values := range map[string][]string{"state": operator.TaskStates(), "sort-by": operator.TaskOrders()} {
		app.Must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
	}
	return cmd
}

// checkTaskFilter refuses what no gateway takes, and names what would be good.
func checkTaskFilter(f operator.TaskFilter) error {
	if f.State != "" && !slices.Contains(operator.TaskStates(), string(f.State)) {
		return app.Usage("--state must be one of %s, is %q", strings.Join(operator.TaskStates(), ", "), f.State)
	}
	if f.SortBy != "" && !slices.Contains(operator.TaskOrders(), f.SortBy) {
		return app.Usage("--sort-by must be one of %s, is %q", strings.Join(operator.TaskOrders(), ", "), f.SortBy)
	}
	if _, err := operator.Since(f.Since, time.Now()); err != nil {
		return app.Usage("--since %v, is %q", err, f.Since)
	}
	return app.Within("--limit", f.Limit, 1, 1000)
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
