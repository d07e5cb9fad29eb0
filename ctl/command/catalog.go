package command

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCatalog(a *app.App) *cobra.Command {
	return app.Group("catalog", "Styles and places that people choose from, and what models are told of them",
		newCatalogShow(a), newCatalogDiff(a), newCatalogApply(a), newCatalogRollback(a))
}

func newCatalogShow(a *app.App) *cobra.Command {
	var version int
	cmd := a.Reads(&cobra.Command{
		Use: "show", Short: "Show the catalogue in force, or an earlier one",
		Long:    "Show the catalogue in force, or an earlier one. With -o yaml or -o json it is the whole document, to be\nedited and applied.",
		Example: "  imgctl catalog show -o yaml > catalog.yaml",
		Args:    cobra.NoArgs,
	}, func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		got, err := c.Catalog(ctx, version)
		switch {
		case err != nil:
			return terminal.View{}, err
		case got.Version == got.InForce:
			a.Talk("Catalogue %d is in force; kept: %v", got.Version, got.Versions)
		default:
			a.Talk("Catalogue %d; in force is %d", got.Version, got.InForce)
		}
		return documentView(got.Document), nil
	})
	cmd.Flags().IntVar(&version, "version", 0, "`number` of an earlier one")
	return cmd
}

// documentView shows a catalogue. As JSON and YAML it is the document itself:
// what was shown can be edited and applied.
func documentView(d *catalog.Document) terminal.View {
	v := terminal.View{Doc: d, Table: terminal.Table{Columns: []terminal.Column{
		{Name: "kind"}, {Name: "id"}, {Name: "zh"}, {Name: "en"}, {Name: "template", Right: true}, {Name: "prompt", Wide: true}, {Name: "提示词", Wide: true},
	}}}
	for _, s := range d.Styles {
		v.Names = append(v.Names, s.ID)
		v.Table.Rows = append(v.Table.Rows, []string{"style", s.ID, s.Name.ZH, s.Name.EN, fmt.Sprint(s.TemplateVersion), s.Prompt, s.PromptZH})
	}
	for _, p := range d.Places {
		v.Names = append(v.Names, p.ID)
		v.Table.Rows = append(v.Table.Rows, []string{"place", p.ID, p.Name.ZH, p.Name.EN, "", p.Prompt, p.PromptZH})
	}
	return v
}

func newCatalogDiff(a *app.App) *cobra.Command {
	var from, to int
	cmd := a.Reads(&cobra.Command{
		Use: "diff [FILE]", Short: "Compare a file with the catalogue in force, or two catalogues",
		Long:    "Compare a YAML or JSON file (- is stdin) with the catalogue in force. Without a file, compare --from\nwith --to, which are the previous catalogue and the one in force unless given.",
		Example: "  imgctl catalog diff catalog.yaml\n  imgctl catalog diff --from 1001 --to 1003",
		Args:    cobra.MaximumNArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && from+to != 0 {
				return app.Usage("give either FILE or --from and --to")
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error) {
		if len(args) == 1 {
			raw, err := a.ReadDocument(args[0])
			if err != nil {
				return terminal.View{}, err
			}
			ch, err := c.ApplyCatalog(ctx, raw, operator.Edit{DryRun: true})
			return differencesView(ch.Differences, ch.Differences), faults(err)
		}
		list, err := differences(ctx, c, from, to)
		return differencesView(list, list), faults(err)
	})
	cmd.Flags().IntVar(&from, "from", 0, "`version` to compare")
	cmd.Flags().IntVar(&to, "to", 0, "`version` to compare it with")
	return cmd
}

// differences compares two catalogues; 0 is the previous one, and the one in
// force.
func differences(ctx context.Context, c *operator.Client, from, to int) ([]catalog.Difference, error) {
	after, err := c.Catalog(ctx, to)
	if err != nil {
		return nil, err
	}
	before, err := c.Catalog(ctx, cmp.Or(from, after.Previous, after.InForce))
	if err != nil {
		return nil, err
	}
	return catalog.Diff(before.Document, after.Document), nil
}

// differencesView shows what differs; doc is what json and yaml print.
func differencesView(doc any, list []catalog.Difference) terminal.View {
	v := app.ListView(list, terminal.Table{
		Columns: []terminal.Column{{Name: "field"}, {Name: "before", Least: 16}, {Name: "after", Least: 16}},
		Empty:   "Nothing differs.",
	}, func(d catalog.Difference) []string {
		return []string{d.Path, cmp.Or(d.Before, "–"), cmp.Or(d.After, "–")}
	})
	v.Doc = doc
	return v
}
