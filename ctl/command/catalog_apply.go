package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type catalogApplyOptions struct {
	editOptions
	file string
}

func newCatalogApply(a *App) *cobra.Command {
	o := &catalogApplyOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "apply FILE", Short: "Put a catalogue in force on every gateway",
		Long:    "Put a catalogue in force on every gateway, within a second. FILE is YAML or JSON, - is stdin. Everything\nthat is wrong with it is said at once, and then nothing is changed. A version in the file must be the\none that is in force (exit code 6): the file was made from that one. Tasks on their way keep the words\nthey were accepted with. A style that is too long for some model is warned of: other models are asked.",
		Example: "  imgctl catalog apply catalog.yaml --dry-run\n  imgctl catalog apply catalog.yaml --reason \"lantern festival\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = args[0]
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *catalogApplyOptions) run(ctx context.Context) error {
	raw, err := o.app.readDocument(o.file)
	if err != nil {
		return err
	}
	return o.turn(ctx, func(ctx context.Context, c *operator.Client) (operator.CatalogChange, error) {
		return c.ApplyCatalog(ctx, raw, o.edit())
	})
}
