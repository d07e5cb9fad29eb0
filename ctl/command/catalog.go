package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCatalog(a *App) *cobra.Command {
	return group("catalog", "Styles and places that people choose from, and what models are told of them",
		newCatalogShow(a), newCatalogDiff(a), newCatalogApply(a), newCatalogRollback(a))
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

// differencesView shows what differs; doc is what json and yaml print.
func differencesView(doc any, list []catalog.Difference) terminal.View {
	v := terminal.View{Doc: doc, Table: terminal.Table{
		Columns: []terminal.Column{{Name: "field"}, {Name: "before", Least: 16}, {Name: "after", Least: 16}},
		Empty:   "Nothing differs.",
	}}
	for _, d := range list {
		v.Names = append(v.Names, d.Path)
		v.Table.Rows = append(v.Table.Rows, []string{d.Path, or(d.Before, "–"), or(d.After, "–")})
	}
	return v
}

// turn makes a change of the catalogue and shows what it means.
func (o *editOptions) turn(ctx context.Context, apply func(context.Context, *operator.Client) (operator.CatalogChange, error)) error {
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		ch, err := apply(ctx, c)
		if err != nil {
			return faults(err)
		}
		switch {
		case ch.Unchanged:
			o.app.talk("Nothing to change: catalogue %d says so already.", ch.Catalog)
		case ch.DryRun:
			o.app.talk("Dry run: nothing was changed. It would become catalogue %d.", ch.Catalog)
		default:
			o.app.talk("Catalogue %d is in force on every gateway. Undo it with: imgctl history undo %d", ch.Catalog, ch.Version)
		}
		for _, line := range tooLong(ch.TooLong) {
			o.app.talk("%s", line)
		}
		return o.app.print(differencesView(ch, ch.Differences))
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
		fmt.Fprintf(&b, "\n  %s: %s", or(v.Pointer, "document"), v.Detail)
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
