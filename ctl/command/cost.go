package command

import (
	"cmp"
	"context"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCost(a *app.App) *cobra.Command {
	return app.Group("cost", "What pictures have cost", newCostReport(a))
}

func newCostReport(a *app.App) *cobra.Command {
	var days int
	cmd := a.Shows(&cobra.Command{
		Use: "report", Short: "Attempts, pictures and money by day, provider, model and region",
		Long: "Attempts, pictures and money by Shanghai day, provider, model and region, in CNY. Money that was set\n" +
			"aside for a call and not billed is \"returned\". Money that may have been billed is \"unknown\". Calls under\n" +
			"way are left out. A model that was not noted is \"-\". \"pictures\" are those that people got, and \"per\n" +
			"picture\" is what one of them cost with all other attempts of its task, at whichever provider.",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return app.Within("--days", days, 1, 400) },
	}, func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		costs, err := c.Costs(ctx, days)
		return costsView(costs), err
	})
	cmd.Flags().IntVar(&days, "days", 7, "how many `days`, today among them")
	return cmd
}

func costsView(costs []operator.Cost) terminal.View {
	v := terminal.View{Doc: costs, Table: terminal.Table{
		Columns: []terminal.Column{
			{Name: "day"}, {Name: "provider", Least: 8}, {Name: "model", Least: 8}, {Name: "region", Least: 6}, {Name: "calls", Right: true}, {Name: "ok", Right: true},
			{Name: "pictures", Right: true}, {Name: "per picture", Right: true},
			{Name: "charged", Right: true}, {Name: "unknown", Right: true}, {Name: "returned", Right: true},
			{Name: "hedges", Right: true, Wide: true}, {Name: "failed", Right: true, Wide: true}, {Name: "unknown calls", Right: true, Wide: true},
		},
		Empty: "Nothing was asked of any provider.",
	}}
	row := func(day, provider, model, region string, c operator.Sums) []string {
		n := func(v int64) string { return strconv.FormatInt(v, 10) }
		return []string{
			day, provider, model, region, n(c.Attempts), n(c.OK), n(c.Pictures), perPicture(c), yuan(c.ChargedFen), yuan(c.UnknownFen), yuan(c.ReturnedFen),
			n(c.Hedges), n(c.Failed), n(c.Unknown),
		}
	}
	var sum operator.Sums
	for _, c := range costs {
		sum.Add(c.Sums)
		v.Names = append(v.Names, c.Day+"/"+c.Provider+"/"+c.Model+"/"+c.Region)
		v.Table.Rows = append(v.Table.Rows, row(c.Day, c.Provider, cmp.Or(c.Model, "-"), c.Region, c.Sums))
	}
	if len(costs) > 1 {
		v.Table.Rows = append(v.Table.Rows, row("all", "", "", "", sum))
	}
	return v
}

// perPicture is what a delivered picture cost.
func perPicture(c operator.Sums) string {
	if fen := c.PerPicture(); fen != nil {
		return yuan(int64(math.Round(*fen)))
	}
	return "-"
}
