package command

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type taskLsOptions struct {
	showOptions
	filter operator.TaskFilter
}

func newTaskLs(a *App) *cobra.Command {
	o := &taskLsOptions{showOptions: showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "ls", Short: "List tasks, those that changed last first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar((*string)(&o.filter.Session), "session", "", "only of this `session`")
	f.StringVar((*string)(&o.filter.State), "state", "", "only in this `state`")
	f.IntVar(&o.filter.Limit, "limit", 50, "at most so `many` (1…1000)")
	must(cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(states(), cobra.ShellCompDirectiveNoFileComp)))
	o.flags(cmd)
	return cmd
}

func states() []string {
	return []string{
		string(task.Queued), string(task.Running), string(task.Succeeded), string(task.Failed), string(task.Canceled), string(task.Expired),
	}
}

func (o *taskLsOptions) run(ctx context.Context) error {
	if o.filter.State != "" && !slices.Contains(states(), string(o.filter.State)) {
		return usage("--state must be one of %v, is %q", states(), o.filter.State)
	}
	if o.filter.Limit < 1 || o.filter.Limit > 1000 {
		return usage("--limit must be 1…1000, is %d", o.filter.Limit)
	}
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		ts, err := c.Tasks(ctx, o.filter)
		return tasksView(ts, time.Now()), err
	})
}
