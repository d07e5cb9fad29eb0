package command

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newProvider(a *App) *cobra.Command {
	return group("provider", "Which models make pictures, and how often",
		newProviderLs(a), newProviderSwitch(a, true), newProviderSwitch(a, false), newProviderWeight(a))
}

func providersView(ps []operator.Provider) terminal.View {
	v := terminal.View{Doc: ps, Table: terminal.Table{
		Columns: []terminal.Column{
			{Name: "name"}, {Name: "kind"}, {Name: "enabled"}, {Name: "weight", Right: true}, {Name: "in flight", Right: true},
			{Name: "limit", Right: true}, {Name: "price", Right: true}, {Name: "workers", Right: true},
			{Name: "reason", Least: 8}, {Name: "region", Wide: true}, {Name: "worker ids", Wide: true},
		},
		Empty: "No provider is configured.",
	}}
	for _, p := range ps {
		weight := strconv.Itoa(p.Weight)
		if p.Weight != p.ConfiguredWeight {
			weight += " (" + strconv.Itoa(p.ConfiguredWeight) + ")"
		}
		v.Names = append(v.Names, p.Name)
		v.Table.Rows = append(v.Table.Rows, []string{
			p.Name, p.Kind, yesNo(p.Enabled), weight, strconv.Itoa(p.InFlight), limitText("", int64(p.MaxConcurrent)),
			strconv.FormatInt(p.PriceFen, 10) + " fen", strconv.Itoa(len(p.Workers)), p.Reason, p.Region, strings.Join(p.Workers, ","),
		})
	}
	return v
}
