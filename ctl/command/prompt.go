package command

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newPrompt(a *app.App) *cobra.Command {
	models := a.Reads(&cobra.Command{Use: "models", Short: "List the models that can be asked, and how", Args: cobra.NoArgs},
		app.Of((*operator.Client).Models, modelsView))
	return app.Group("prompt", "What models are asked for", newPromptRender(a), models)
}

func modelsView(list []operator.Model) terminal.View {
	return app.ListView(list, terminal.Table{Columns: []terminal.Column{
		{Name: "model"}, {Name: "kind"}, {Name: "language"}, {Name: "reads", Right: true}, {Name: "negative", Right: true}, {Name: "size"},
		{Name: "takes"}, {Name: "ids", Wide: true},
	}}, func(m operator.Model) []string {
		negative := "–"
		if m.NegativeLimit > 0 {
			negative = strconv.Itoa(m.NegativeLimit)
		}
		return []string{
			m.Name, m.Kind, m.Language, fmt.Sprintf("%d %s", m.Limit, m.Unit), negative, cmp.Or(m.Size, "–"), strings.Join(m.Takes, " "),
			strings.Join(m.Models, " "),
		}
	})
}

func promptView(p operator.Prompt) terminal.View {
	rows := [][]string{
		{"model", p.Model + " (" + p.Kind + ")"}, {"language", p.Language}, {"catalogue", strconv.Itoa(p.CatalogVersion)},
		{"text", p.Text}, {"length", fmt.Sprintf("%d of %d %s", p.Length, p.Limit, p.Unit)},
	}
	add := func(name, value string) {
		if value != "" && value != "0" {
			rows = append(rows, []string{name, value})
		}
	}
	add("negative", p.Negative)
	add("size", p.Size)
	add("steps", strconv.Itoa(p.Steps))
	add("cfg", strconv.FormatFloat(p.CFG, 'g', -1, 64))
	add("strength", strconv.FormatFloat(p.Strength, 'g', -1, 64))
	if p.Seed != nil {
		rows = append(rows, []string{"seed", strconv.FormatInt(*p.Seed, 10)})
	}
	add("note", p.Note)
	add("shortened", strings.Join(p.Cut, ", "))
	return terminal.View{Doc: p, Names: []string{p.Model}, Whole: true, Table: terminal.Table{
		Columns: []terminal.Column{{Name: "what"}, {Name: "is sent", Least: 40}}, Rows: rows,
	}}
}
