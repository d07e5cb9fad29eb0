package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newHistory(a *app.App) *cobra.Command {
	return app.Group("history", "Who changed what, when and why", newHistoryLs(a), newHistoryUndo(a))
}

func newHistoryLs(a *app.App) *cobra.Command {
	var limit int
	cmd := a.Shows(&cobra.Command{
		Use: "ls", Short: "List changes, newest first", Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return app.Within("--limit", limit, 1, 1000) },
	}, func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		changes, err := c.History(ctx, limit)
		return app.ChangesView(changes, changes), err
	})
	cmd.Flags().IntVar(&limit, "limit", 20, "at most so `many` (1…1000)")
	return cmd
}

func newHistoryUndo(a *app.App) *cobra.Command {
	var version int
	return a.Changes(&cobra.Command{
		Use: "undo VERSION", Short: "Reverse one change and leave later ones as they are",
		Long: "Reverse one change and leave later ones as they are. When a later change touched the same thing, the undo\nis refused (exit code 6): undo that one first. The undo is a change too and can be undone.",
		Args: cobra.ExactArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			if version, err = strconv.Atoi(args[0]); err != nil || version < 1 {
				return app.Usage("VERSION must be a number of `imgctl history ls`, is %q", args[0])
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		return c.Undo(ctx, version, e)
	})
}
