package app

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// ChangeOptions are on every command that changes something.
type ChangeOptions struct {
	App    *App
	yes    bool
	DryRun bool
	reason string
}

// Flags adds the flags to a command.
func (o *ChangeOptions) Flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "show what would change, change nothing")
	cmd.Flags().StringVar(&o.reason, "reason", "", "`why`, for the history")
}

// Edit is what the flags say of a change.
func (o *ChangeOptions) Edit() operator.Edit {
	return operator.Edit{Reason: o.reason, DryRun: o.DryRun}
}

// Changes completes a command that changes the operator state. What a person
// gave wrongly is the business of the command's Args and PreRunE.
func (a *App) Changes(cmd *cobra.Command, apply func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error)) *cobra.Command {
	o := &ChangeOptions{App: a}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.Change(cmd.Context(), func(ctx context.Context, c *operator.Client) (operator.Change, error) {
			return apply(ctx, c, args, o.Edit())
		})
	}
	o.Flags(cmd)
	return cmd
}

// Acts completes a command whose act history undo does not take back, and
// prints what came of it. It asks question first, unless that is nil.
func (a *App) Acts(cmd *cobra.Command, question func(args []string) string,
	act func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (terminal.View, error),
) *cobra.Command {
	o := &ChangeOptions{App: a}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if question != nil {
			if err := o.confirm(question(args)); err != nil {
				return err
			}
		}
		return a.Call(cmd.Context(), func(ctx context.Context, c *operator.Client) error {
			v, err := act(ctx, c, args, o.Edit())
			if err != nil {
				return err
			}
			return a.Print(v)
		})
	}
	o.Flags(cmd)
	return cmd
}

// confirm asks before what cannot be undone. Reversible changes do not ask:
// `imgctl history undo` takes them back.
func (o *ChangeOptions) confirm(question string) error {
	if o.yes || o.DryRun {
		return nil
	}
	return o.App.Streams.Confirm(question)
}

// Change makes a change to the operator state and shows it.
func (o *ChangeOptions) Change(ctx context.Context, apply func(context.Context, *operator.Client) (operator.Change, error)) error {
	return o.App.Call(ctx, func(ctx context.Context, c *operator.Client) error {
		ch, err := apply(ctx, c)
		if err != nil {
			return err
		}
		switch {
		case ch.Unchanged:
			o.App.Talk("Nothing to change: it is so already.")
		case ch.DryRun:
			o.App.Talk("Dry run: nothing was changed.")
		default:
			o.App.Talk("Changed. Undo it with: imgctl history undo %d", ch.Version)
		}
		for _, w := range ch.Warnings {
			o.App.Talk("Warning: %s.", w)
		}
		return o.App.Print(ChangesView(ch, []operator.Change{ch}))
	})
}
