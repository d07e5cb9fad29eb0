package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCatalogApply(a *app.App) *cobra.Command {
	return changesCatalog(a, &cobra.Command{
		Use: "apply FILE", Short: "Put a catalogue in force on every gateway",
		Long: "Put a catalogue in force on every gateway, within a second. FILE is YAML or JSON, - is stdin. Everything\n" +
			"that is wrong with it is said at once, and then nothing is changed. A version in the file must be the\n" +
			"one that is in force (exit code 6): the file was made from that one. Tasks on their way keep the words\n" +
			"they were accepted with. A warning names each style that is too long for some model; other models are\n" +
			"asked for it.",
		Example: "  imgctl catalog apply catalog.yaml --dry-run\n  imgctl catalog apply catalog.yaml --reason \"lantern festival\"",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.CatalogChange, error) {
		raw, err := a.ReadDocument(args[0])
		if err != nil {
			return operator.CatalogChange{}, err
		}
		return c.ApplyCatalog(ctx, raw, e)
	})
}

func newCatalogRollback(a *app.App) *cobra.Command {
	var to operator.CatalogRollback
	return changesCatalog(a, &cobra.Command{
		Use: "rollback [VERSION]", Short: "Put an earlier catalogue in force again",
		Long: "Put an earlier catalogue in force again: the one before the present one, or VERSION. The last 100 are kept.",
		Args: cobra.MaximumNArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			if len(args) == 0 {
				return nil
			}
			if to.Version, err = strconv.Atoi(args[0]); err != nil || to.Version < 1 {
				return app.Usage("VERSION must be a number of `imgctl catalog show`, is %q", args[0])
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.CatalogChange, error) {
		return c.RollbackCatalog(ctx, to, e)
	})
}

// changesCatalog completes a command that changes the catalogue, and shows what the
// change means.
func changesCatalog(a *app.App, cmd *cobra.Command, apply func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.CatalogChange, error)) *cobra.Command {
	return a.Acts(cmd, nil, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (terminal.View, error) {
		ch, err := apply(ctx, c, args, e)
		switch {
		case err != nil:
			return terminal.View{}, faults(err)
		case ch.Unchanged:
			a.Talk("Nothing to change: catalogue %d says so already.", ch.Catalog)
		case ch.DryRun:
			a.Talk("Dry run: nothing was changed. It would become catalogue %d.", ch.Catalog)
		default:
			a.Talk("Catalogue %d is in force on every gateway. Undo it with: imgctl history undo %d", ch.Catalog, ch.Version)
		}
		for _, line := range tooLong(ch.TooLong) {
			a.Talk("%s", line)
		}
		return differencesView(ch, ch.Differences), nil
	})
}

// tooLong warns of styles that some models would not be asked for, one a line.
func tooLong(list []operator.TooLong) (lines []string) {
	for i, t := range list {
		if i == 0 || t.Style != list[i-1].Style {
			lines = append(lines, fmt.Sprintf("Warning: style %s is too long for", t.Style))
		} else {
			lines[len(lines)-1] += ","
		}
		drawn := ""
		if len(t.Providers) > 0 {
			drawn = ", which draws for " + strings.Join(t.Providers, " and ")
		}
		lines[len(lines)-1] += fmt.Sprintf(" %s (%d %s over%s)", t.Model, t.Over, t.Unit, drawn)
	}
	return lines
}

// faultList writes the faults of a refused document one a line.
type faultList struct{ *operator.Problem }

// Unwrap keeps the refusal's status and code.
func (f faultList) Unwrap() error { return f.Problem }

// Error says everything that is wrong.
func (f faultList) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:", f.Detail)
	for _, v := range f.Violations {
		fmt.Fprintf(&b, "\n  %s: %s", cmp.Or(v.Pointer, "document"), v.Detail)
	}
	return b.String()
}

func faults(err error) error {
	var p *operator.Problem
	if errors.As(err, &p) && len(p.Violations) > 0 {
		return faultList{p}
	}
	return err
}
