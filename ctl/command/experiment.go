package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newExperiment(a *App) *cobra.Command {
	return group("experiment", "Compare models, words and numbers on real tasks",
		newExperimentCreate(a), newExperimentLs(a), newExperimentReport(a), newExperimentStop(a))
}

func experimentsView(es []operator.Experiment) terminal.View {
	v := terminal.View{Doc: es, Table: terminal.Table{
		Columns: []terminal.Column{
			{Name: "experiment", Least: 10}, {Name: "state"}, {Name: "split"}, {Name: "traffic", Right: true}, {Name: "arms", Least: 17}, {Name: "started"},
			{Name: "stopped", Wide: true}, {Name: "why", Wide: true},
		},
		Empty: "No experiments yet.",
	}}
	for _, e := range es {
		arms := make([]string, len(e.Arms))
		for i, a := range e.Arms {
			arms[i] = armText(a)
		}
		stopped := "–"
		if e.EndedAt != nil {
			stopped = clock(*e.EndedAt)
		}
		v.Names = append(v.Names, e.Name)
		v.Table.Rows = append(v.Table.Rows, []string{
			e.Name, e.State, e.Split, fmt.Sprintf("%d%%", e.Traffic), strings.Join(arms, " "), clock(e.StartedAt), stopped, e.Why,
		})
	}
	return v
}

// armText writes an arm as it is given on the command line; its provider says
// which model.
func armText(a operator.Arm) string {
	parts := []string{a.Name + "=" + a.Provider}
	add := func(key, value string, given bool) {
		if given {
			parts = append(parts, key+"="+value)
		}
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	add("weight", strconv.Itoa(a.Weight), a.Weight > 1)
	add("catalog", strconv.Itoa(a.Catalog), a.Catalog != 0)
	add("aspect", a.Aspect, a.Aspect != "")
	add("resolution", a.Resolution, a.Resolution != "")
	add("steps", strconv.Itoa(a.Steps), a.Steps != 0)
	add("cfg", number(a.CFG), a.CFG != 0)
	add("strength", number(a.Strength), a.Strength != 0)
	return strings.Join(parts, ",")
}

// parseArm reads NAME=PROVIDER[,KEY=VALUE…].
func parseArm(s string) (a operator.Arm, err error) {
	first, rest, _ := strings.Cut(s, ",")
	var found bool
	if a.Name, a.Provider, found = strings.Cut(first, "="); !found || a.Name == "" || a.Provider == "" {
		return a, usage("--arm must be NAME=PROVIDER[,KEY=VALUE…], is %q", s)
	}
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, ",")
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "weight":
			a.Weight, err = strconv.Atoi(value)
		case "catalog":
			a.Catalog, err = strconv.Atoi(value)
		case "model":
			a.Model = value
		case "aspect":
			a.Aspect = value
		case "resolution":
			a.Resolution = value
		case "steps":
			a.Steps, err = strconv.Atoi(value)
		case "cfg":
			a.CFG, err = strconv.ParseFloat(value, 64)
		case "strength":
			a.Strength, err = strconv.ParseFloat(value, 64)
		default:
			return a, usage("an arm has model, weight, catalog, aspect, resolution, steps, cfg and strength, and no %q", key)
		}
		if err != nil || value == "" {
			return a, usage("%s must be a number, is %q", key, value)
		}
	}
	return a, nil
}
