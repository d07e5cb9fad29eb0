package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type providerSwitchOptions struct {
	editOptions
	name    string
	enabled bool
}

// newProviderSwitch makes enable and disable, which differ in one bit.
func newProviderSwitch(a *App, enabled bool) *cobra.Command {
	o := &providerSwitchOptions{editOptions: editOptions{app: a}, enabled: enabled}
	cmd := &cobra.Command{
		Use: "disable NAME", Short: "Send no further attempts to a provider; running ones end",
		Example: "  imgctl provider disable seedream --reason \"billing incident\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeProviders(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			return o.run(cmd.Context())
		},
	}
	if enabled {
		cmd.Use, cmd.Short, cmd.Example = "enable NAME", "Use a provider again", ""
	}
	o.flags(cmd)
	return cmd
}

func (o *providerSwitchOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.ChangeProvider(ctx, o.name, operator.ProviderPatch{Enabled: &o.enabled}, o.edit())
	})
}
