package command

import (
	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/ctl/terminal"
)

// listedContext is a context as json and yaml show it.
type listedContext struct {
	contexts.Context
	Selected bool `json:"selected"`
}

func newContextLs(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "ls", Short: "List the contexts", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runContextLs(a) },
	}
}

func runContextLs(a *App) error {
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
	return a.print(v)
}
