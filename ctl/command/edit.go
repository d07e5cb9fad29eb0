package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// editOptions are on every command that changes something.
type editOptions struct {
	app    *App
	yes    bool
	dryRun bool
	reason string
}

func (o *editOptions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would change, change nothing")
	cmd.Flags().StringVar(&o.reason, "reason", "", "`why`, for the history")
}

func (o *editOptions) edit() operator.Edit {
	return operator.Edit{Reason: o.reason, DryRun: o.dryRun}
}

// changes completes a command that changes the operator state. What a person
// gave wrongly is the business of the command's Args and PreRunE.
func (a *App) changes(cmd *cobra.Command, apply func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error)) *cobra.Command {
	o := &editOptions{app: a}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.change(cmd.Context(), func(ctx context.Context, c *operator.Client) (operator.Change, error) {
			return apply(ctx, c, args, o.edit())
		})
	}
	o.flags(cmd)
	return cmd
}

// acts completes a command whose act history undo does not take back, and
// prints what came of it. It asks question first, unless that is nil.
func (a *App) acts(cmd *cobra.Command, question func(args []string) string,
	act func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (terminal.View, error),
) *cobra.Command {
	o := &editOptions{app: a}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if question != nil {
			if err := o.confirm(question(args)); err != nil {
				return err
			}
		}
		return a.call(cmd.Context(), func(ctx context.Context, c *operator.Client) error {
			v, err := act(ctx, c, args, o.edit())
			if err != nil {
				return err
			}
			return a.print(v)
		})
	}
	o.flags(cmd)
	return cmd
}

// confirm asks before what cannot be undone. Reversible changes do not ask:
// `imgctl history undo` takes them back.
func (o *editOptions) confirm(question string) error {
	if o.yes || o.dryRun {
		return nil
	}
	return o.app.Streams.Confirm(question)
}

// change makes a change to the operator state and shows it.
func (o *editOptions) change(ctx context.Context, apply func(context.Context, *operator.Client) (operator.Change, error)) error {
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		ch, err := apply(ctx, c)
		if err != nil {
			return err
		}
		switch {
		case ch.Unchanged:
			o.app.talk("Nothing to change: it is so already.")
		case ch.DryRun:
			o.app.talk("Dry run: nothing was changed.")
		default:
			o.app.talk("Changed. Undo it with: imgctl history undo %d", ch.Version)
		}
		return o.app.print(changesView(ch, []operator.Change{ch}))
	})
}
