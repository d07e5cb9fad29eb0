package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type catalogShowOptions struct {
	app     *App
	version int
}

func newCatalogShow(a *App) *cobra.Command {
	o := &catalogShowOptions{app: a}
	cmd := &cobra.Command{
		Use: "show", Short: "Show the catalogue in force, or an earlier one",
		Long:    "Show the catalogue in force, or an earlier one. With -o yaml or -o json it is the whole document, to be\nedited and applied.",
		Example: "  imgctl catalog show -o yaml > catalog.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().IntVar(&o.version, "version", 0, "`number` of an earlier one")
	return cmd
}

func (o *catalogShowOptions) run(ctx context.Context) error {
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		got, err := c.Catalog(ctx, o.version)
		if err != nil {
			return err
		}
		if got.Version == got.InForce {
			o.app.talk("Catalogue %d is in force; kept: %v", got.Version, got.Versions)
		} else {
			o.app.talk("Catalogue %d; in force is %d", got.Version, got.InForce)
		}
		return o.app.print(documentView(got.Document))
	})
}
