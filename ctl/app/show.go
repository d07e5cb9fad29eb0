package app

import (
	"bytes"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// ShowOptions are on commands that show something that moves.
type ShowOptions struct {
	App   *App
	Watch bool
}

// Flags adds the flag to a command.
func (o *ShowOptions) Flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.Watch, "watch", "w", false, "show it again whenever it changes, until interrupted")
}

// Shows completes a command that shows something that moves.
func (a *App) Shows(cmd *cobra.Command, load func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error)) *cobra.Command {
	o := &ShowOptions{App: a}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.Show(cmd.Context(), func(ctx context.Context, c *operator.Client) (terminal.View, error) { return load(ctx, c, args) })
	}
	o.Flags(cmd)
	return cmd
}

// Reads completes a command that shows something that stands still.
func (a *App) Reads(cmd *cobra.Command, load func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.Call(cmd.Context(), func(ctx context.Context, c *operator.Client) error {
			v, err := load(ctx, c, args)
			if err != nil {
				return err
			}
			return a.Print(v)
		})
	}
	return cmd
}

// Of shows what one call of the gateway gives.
func Of[T any](get func(*operator.Client, context.Context) (T, error), view func(T) terminal.View) func(context.Context, *operator.Client, []string) (terminal.View, error) {
	return func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		got, err := get(c, ctx)
		return view(got), err
	}
}

// Timed is a view of what it was at this moment.
func Timed[T any](view func(T, time.Time) terminal.View) func(T) terminal.View {
	return func(got T) terminal.View { return view(got, time.Now()) }
}

// ListView shows a list, one row for each entry; the first cell of a row names
// the entry.
func ListView[T any](list []T, t terminal.Table, row func(T) []string) terminal.View {
	v := terminal.View{Doc: list, Table: t}
	for _, x := range list {
		cells := row(x)
		v.Names, v.Table.Rows = append(v.Names, cells[0]), append(v.Table.Rows, cells)
	}
	return v
}

// Show prints what load gets, once or again and again. While it watches, a
// gateway that is away for a moment is waited for.
func (o *ShowOptions) Show(ctx context.Context, load func(context.Context, *operator.Client) (terminal.View, error)) error {
	var shown []byte
	for {
		err := o.App.Call(ctx, func(ctx context.Context, c *operator.Client) error {
			v, err := load(ctx, c)
			if err != nil {
				return err
			}
			next, err := o.App.Streams.Render(o.App.Format, v)
			if err != nil || bytes.Equal(next, shown) {
				return err
			}
			shown = next
			return o.draw(next)
		})
		switch {
		case ctx.Err() != nil && o.Watch:
			return nil // interrupted: that is how one stops watching
		case !o.Watch:
			return err
		case err != nil && !o.App.Away(err):
			return err
		case err != nil:
			o.App.Talk("imgctl: %v", err)
		}
		if err := Pause(ctx, o.App.WatchEvery); err != nil {
			return nil
		}
	}
}

// draw writes over what was shown before on a terminal, and below it
// elsewhere.
func (o *ShowOptions) draw(text []byte) error {
	if o.Watch && o.App.Streams.OutTTY {
		text = append([]byte("\x1b[H\x1b[2J"), text...)
	}
	_, err := o.App.Streams.Out.Write(text)
	return err
}

// Pause waits, or until ctx ends.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
