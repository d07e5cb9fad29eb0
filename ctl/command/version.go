package command

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type versionOptions struct {
	app    *app.App
	client bool
}

// versions is what json and yaml show.
type versions struct {
	Client  operator.Version  `json:"client"`
	Gateway *operator.Version `json:"gateway,omitempty"`
}

func newVersion(a *app.App) *cobra.Command {
	o := &versionOptions{app: a}
	cmd := &cobra.Command{
		Use: "version", Short: "Show the versions of imgctl and of the gateway", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&o.client, "client", false, "only of imgctl")
	return cmd
}

// run shows the gateway's version too when one is chosen; without one, imgctl
// alone has a version.
func (o *versionOptions) run(ctx context.Context) error {
	v := versions{Client: operator.Version{Version: o.app.Version, Go: runtime.Version()}}
	var asked error
	if !o.client {
		asked = o.app.Call(ctx, func(ctx context.Context, c *operator.Client) error {
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
	if err := o.app.Print(terminal.View{Doc: v, Names: []string{v.Client.Version}, Table: t}); err != nil {
		return err
	}
	if app.Misused(asked) { // no gateway is chosen
		return nil
	}
	return asked
}
