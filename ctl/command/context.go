package command

import (
	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/ctl/terminal"
)

func newContext(a *app.App) *cobra.Command {
	ls := &cobra.Command{
		Use: "ls", Short: "List the contexts", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listContexts(a) },
	}
	pick := &cobra.Command{
		Use: "select NAME", Short: "Speak to this gateway from now on", Args: cobra.ExactArgs(1), ValidArgsFunction: a.CompleteContexts,
		RunE: func(_ *cobra.Command, args []string) error { return selectContext(a, args[0]) },
	}
	rm := &cobra.Command{
		Use: "rm NAME", Short: "Forget a gateway; its token file stays", Args: cobra.ExactArgs(1), ValidArgsFunction: a.CompleteContexts,
		RunE: func(_ *cobra.Command, args []string) error { return removeContext(a, args[0]) },
	}
	return app.Group("context", "Which gateways imgctl knows", newContextAdd(a), ls, pick, rm)
}

// listedContext is a context as json and yaml show it.
type listedContext struct {
	contexts.Context
	Selected bool `json:"selected"`
}

func listContexts(a *app.App) error {
	c, err := contexts.At(a.Getenv).Load()
	if err != nil {
		return err
	}
	listed := []listedContext{}
	v := terminal.View{Names: c.Names(), Table: terminal.Table{
		Columns: []terminal.Column{{Name: "selected"}, {Name: "name"}, {Name: "server"}, {Name: "token file", Least: 12}, {Name: "ca file", Wide: true}},
		Empty:   "No contexts yet. Add one with: imgctl context add",
	}}
	for _, x := range c.Contexts {
		mark := ""
		if x.Name == c.Current {
			mark = "*"
		}
		listed = append(listed, listedContext{x, x.Name == c.Current})
		v.Table.Rows = append(v.Table.Rows, []string{mark, x.Name, x.Server, x.TokenFile, x.CAFile})
	}
	v.Doc = listed
	return a.Print(v)
}

func selectContext(a *app.App, name string) error {
	err := contexts.At(a.Getenv).Update(func(c *contexts.Config) error {
		c.Current = name
		_, err := c.Find(name)
		return err
	})
	if err == nil {
		a.Talk("Speaking to %s from now on.", name)
	}
	return err
}

func removeContext(a *app.App, name string) error {
	return contexts.At(a.Getenv).Update(func(c *contexts.Config) error {
		if _, err := c.Find(name); err != nil {
			return err
		}
		c.Remove(name)
		if c.Current == name {
			c.Current = ""
			a.Talk("No context is selected now.")
		}
		return nil
	})
}
