package command

import (
	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/contexts"
)

func newContextSelect(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "select NAME", Short: "Speak to this gateway from now on", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeContexts,
		RunE: func(_ *cobra.Command, args []string) error { return runContextSelect(a, args[0]) },
	}
}

func runContextSelect(a *App, name string) error {
	err := contexts.At(a.Getenv).Update(func(c *contexts.Config) error {
		if _, err := c.Find(name); err != nil {
			return err
		}
		c.Current = name
		return nil
	})
	if err == nil {
		a.talk("Speaking to %s from now on.", name)
	}
	return err
}
