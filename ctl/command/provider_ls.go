package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type providerLsOptions struct{ showOptions }

func newProviderLs(a *App) *cobra.Command {
	o := &providerLsOptions{showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "ls", Short: "List the providers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}

func (o *providerLsOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		ps, err := c.Providers(ctx)
		return providersView(ps), err
	})
}
