package command

import (
	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/contexts"
)

func newContextRm(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "rm NAME", Short: "Forget a gateway; its token file stays", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeContexts,
		RunE: func(_ *cobra.Command, args []string) error { return runContextRm(a, args[0]) },
	}
}

func runContextRm(a *App, name string) error {
	return contexts.At(a.Getenv).Update(func(c *contexts.Config) error {
		if _, err := c.Find(name); err != nil {
			return err
		}
		c.Remove(name)
		if c.Current == name {
			c.Current = ""
			a.talk("No context is selected now.")
		}
		return nil
	})
}
