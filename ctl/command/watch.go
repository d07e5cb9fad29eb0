package command

import (
	"bytes"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// showOptions are on commands that show something that moves.
type showOptions struct {
	app   *App
	watch bool
}

func (o *showOptions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "show it again whenever it changes, until interrupted")
}

// shows completes a command that shows something that moves.
func (a *App) shows(cmd *cobra.Command, load func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error)) *cobra.Command {
	o := &showOptions{app: a}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.show(cmd.Context(), func(ctx context.Context, c *operator.Client) (terminal.View, error) { return load(ctx, c, args) })
	}
	o.flags(cmd)
	return cmd
}

// reads completes a command that shows something that stands still.
func (a *App) reads(cmd *cobra.Command, load func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.call(cmd.Context(), func(ctx context.Context, c *operator.Client) error {
			v, err := load(ctx, c, args)
			if err != nil {
				return err
			}
			return a.print(v)
		})
	}
	return cmd
}

// listView shows a list, one row for each entry; the first cell of a row names
// the entry.
func listView[T any](list []T, t terminal.Table, row func(T) []string) terminal.View {
	v := terminal.View{Doc: list, Table: t}
	for _, x := range list {
		cells := row(x)
		v.Names, v.Table.Rows = append(v.Names, cells[0]), append(v.Table.Rows, cells)
	}
	return v
}

// show prints what load gets, once or again and again. While it watches, a
// gateway that is away for a moment is waited for.
func (o *showOptions) show(ctx context.Context, load func(context.Context, *operator.Client) (terminal.View, error)) error {
	var shown []byte
	for {
		err := o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
			v, err := load(ctx, c)
			if err != nil {
				return err
			}
			next, err := o.app.Streams.Render(o.app.format, v)
			if err != nil || bytes.Equal(next, shown) {
				return err
			}
			shown = next
			return o.draw(next)
		})
		switch {
		case ctx.Err() != nil && o.watch:
			return nil // interrupted: that is how one stops watching
		case !o.watch:
			return err
		case err != nil && o.app.exitCode(err) != exitRetry:
			return err
		case err != nil:
			o.app.talk("imgctl: %v", err)
		}
		if err := pause(ctx, o.app.WatchEvery); err != nil {
			return nil
		}
	}
}

// draw writes over what was shown before on a terminal, and below it
// elsewhere.
func (o *showOptions) draw(text []byte) error {
	if o.watch && o.app.Streams.OutTTY {
		text = append([]byte("\x1b[H\x1b[2J"), text...)
	}
	_, err := o.app.Streams.Out.Write(text)
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
