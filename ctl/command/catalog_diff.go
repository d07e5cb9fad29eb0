package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type catalogDiffOptions struct {
	app      *App
	file     string
	from, to int
}

func newCatalogDiff(a *App) *cobra.Command {
	o := &catalogDiffOptions{app: a}
	cmd := &cobra.Command{
		Use: "diff [FILE]", Short: "Compare a file with the catalogue in force, or two catalogues",
		Long:    "Compare a YAML or JSON file (- is stdin) with the catalogue in force. Without a file, compare --from\nwith --to, which are the previous catalogue and the one in force unless given.",
		Example: "  imgctl catalog diff catalog.yaml\n  imgctl catalog diff --from 1001 --to 1003",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.file = args[0]
			}
			if o.file != "" && o.from+o.to != 0 {
				return usage("give either FILE or --from and --to")
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&o.from, "from", 0, "`version` to compare")
	cmd.Flags().IntVar(&o.to, "to", 0, "`version` to compare it with")
	return cmd
}

func (o *catalogDiffOptions) run(ctx context.Context) error {
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		differences, err := o.differences(ctx, c)
		if err != nil {
			return faults(err)
		}
		return o.app.print(differencesView(differences, differences))
	})
}

func (o *catalogDiffOptions) differences(ctx context.Context, c *operator.Client) ([]catalog.Difference, error) {
	if o.file != "" {
		raw, err := o.app.readDocument(o.file)
		if err != nil {
			return nil, err
		}
		ch, err := c.ApplyCatalog(ctx, raw, operator.Edit{DryRun: true})
		return ch.Differences, err
	}
	to, err := c.Catalog(ctx, o.to)
	if err != nil {
		return nil, err
	}
	if o.from == 0 {
		if o.from = to.Previous; o.from == 0 {
			o.from = to.InForce
		}
	}
	from, err := c.Catalog(ctx, o.from)
	if err != nil {
		return nil, err
	}
	return catalog.Diff(from.Document, to.Document), nil
}
