package command

import "github.com/spf13/cobra"

func newContext(a *App) *cobra.Command {
	return group("context", "Which gateways imgctl knows", newContextAdd(a), newContextLs(a), newContextSelect(a), newContextRm(a))
}
