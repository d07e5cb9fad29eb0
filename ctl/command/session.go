package command

import "github.com/spf13/cobra"

func newSession(a *App) *cobra.Command {
	return group("session", "What one anonymous person has", newSessionGet(a), newSessionErase(a))
}
