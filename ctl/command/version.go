package command

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// versions is what json and yaml show.
type versions struct {
	Client  operator.Version  `json:"client"`
	Gateway *operator.Version `json:"gateway,omitempty"`
}

func newVersion(a *app.App) *cobra.Command {
	var client bool
	cmd := &cobra.Command{
		Use: "version", Short: "Show the versions of imgctl and of the gateway", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return showVersions(cmd.Context(), a, client) },
	}
	cmd.Flags().BoolVar(&client, "client", false, "only of imgctl")
	return cmd
}

// showVersions shows the gateway's version too when one is chosen; without
// one, imgctl alone has a version.
func showVersions(ctx context.Context, a *app.App, client bool) error {
	v := versions{Client: operator.Version{Version: a.Version, Go: runtime.Version()}}
	var asked error
	if !client {
		asked = a.Call(ctx, func(ctx context.Context, c *operator.Client) error {
			g, err := c.Version(ctx)
			if err == nil {
				v.Gateway = &g
			}
			return err
		})
	}
	t := terminal.Table{Columns: []terminal.Column{{Name: "program"}, {Name: "version"}, {Name: "go"}}}
	t.Rows = append(t.Rows, []string{"imgctl", v.Client.Version, v.Client.Go})
	if v.Gateway != nil {
		t.Rows = append(t.Rows, []string{"gateway", v.Gateway.Version, v.Gateway.Go})
	}
	if err := a.Print(terminal.View{Doc: v, Names: []string{v.Client.Version}, Table: t}); err != nil {
		return err
	}
	if app.Misused(asked) { // no gateway is chosen
		return nil
	}
	return asked
}
