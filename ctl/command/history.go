package command

import "github.com/spf13/cobra"

func newHistory(a *App) *cobra.Command {
	return group("history", "Who changed what, when and why", newHistoryLs(a), newHistoryUndo(a))
}
