package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	longPoll = 2 * time.Second // also the pace of the clock in the bar
	patience = 30 * time.Second
	retry    = 500 * time.Millisecond
)

type taskWatchOptions struct {
	app     *app.App
	id      task.ID
	timeout time.Duration
}

func newTaskWatch(a *app.App) *cobra.Command {
	o := &taskWatchOptions{app: a}
	cmd := &cobra.Command{
		Use: "watch TASK", Short: "Show a task's progress until it ends",
		Long: "Show a task's progress until it ends, over restarts of the gateway. The exit code is 0 when it succeeded,\n9 when it failed, was canceled or expired, and 8 when --timeout passed first.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeTasks(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = task.ID(args[0])
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().DurationVar(&o.timeout, "timeout", 0, "give up after this `long`, such as 2m; 0 waits for ever")
	return cmd
}

func (o *taskWatchOptions) run(ctx context.Context) error {
	c, err := o.app.Client()
	if err != nil {
		return err
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.timeout, app.ErrWaited)
		defer cancel()
	}
	bar := o.app.Streams.NewBar()
	t, err := o.follow(ctx, c, bar)
	bar.Done()
	if err != nil {
		return err
	}
	if err := o.app.Print(taskView(t, time.Now())); err != nil {
		return err
	}
	if t.State != task.Succeeded {
		return fmt.Errorf("%w: %s%s", app.ErrTaskFailed, t.State, strings.TrimSuffix(" ("+failureText(t.Failure)+")", " ()"))
	}
	return nil
}

// follow draws every version until the last. A gateway that is away for a
// while does not end it.
func (o *taskWatchOptions) follow(ctx context.Context, c *operator.Client, bar *terminal.Bar) (operator.Task, error) {
	t, err := c.Task(ctx, o.id)
	lost := time.Time{}
	for {
		switch {
		case ctx.Err() != nil:
			return t, context.Cause(ctx)
		case err == nil:
			lost = time.Time{}
			bar.Draw(t.Progress, progressText(t, time.Now()))
			if t.State.Terminal() {
				return t, nil
			}
		case !o.app.Away(err):
			return t, err
		case lost.IsZero():
			lost = time.Now()
		case time.Since(lost) > patience:
			return t, errors.Join(errors.New("the gateway did not come back"), err)
		}
		if err != nil {
			if err := app.Pause(ctx, retry); err != nil {
				return t, err
			}
		}
		if next, failed := c.NextTask(ctx, o.id, t.Version, longPoll); failed == nil {
			t, err = next, nil
		} else {
			err = failed
		}
	}
}

// progressText says in a few words where a task is.
func progressText(t operator.Task, now time.Time) string {
	words := []string{string(t.State)}
	switch {
	case t.State.Terminal():
		if t.Failure != nil {
			words = append(words, string(t.Failure.Code))
		}
	case t.Queue != nil:
		words = append(words, queueText(*t.Queue))
	case t.Stage != "" && t.Stage != string(t.State):
		words = append(words, t.Stage)
	}
	if n := len(t.Attempts); n > 0 {
		words = append(words, fmt.Sprintf("attempt %d at %s", n, t.Attempts[n-1].Provider))
	}
	if t.StartedAt != nil {
		words = append(words, took(t, now))
	}
	return strings.Join(words, " · ")
}
