package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCost(a *App) *cobra.Command {
	return group("cost", "What pictures have cost", newCostReport(a))
}

type costReportOptions struct {
	showOptions
	days int
}

func newCostReport(a *App) *cobra.Command {
	o := &costReportOptions{showOptions: showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "report", Short: "Attempts and money by day, provider, model and region",
		Long: "Attempts and money by Shanghai day, provider, model and region, in CNY. What a call was set aside for and\n" +
			"not billed counts as returned; what may have been billed, as unknown. Calls under way are left out.\n" +
			"A model that was not noted is \"-\".",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.days < 1 || o.days > 400 {
				return usage("--days must be 1…400")
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&o.days, "days", 7, "how many `days`, today among them")
	o.flags(cmd)
	return cmd
}

func (o *costReportOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		costs, err := c.Costs(ctx, o.days)
		return costsView(costs), err
	})
}

func costsView(costs []operator.Cost) terminal.View {
	v := terminal.View{Doc: costs, Table: terminal.Table{
		Columns: []terminal.Column{
			{Name: "day"}, {Name: "provider", Least: 8}, {Name: "model", Least: 8}, {Name: "region", Least: 6}, {Name: "calls", Right: true}, {Name: "ok", Right: true},
			{Name: "charged", Right: true}, {Name: "unknown", Right: true}, {Name: "returned", Right: true},
			{Name: "hedges", Right: true, Wide: true}, {Name: "failed", Right: true, Wide: true}, {Name: "unknown calls", Right: true, Wide: true},
		},
		Empty: "Nothing was asked of any provider.",
	}}
	row := func(day, provider, model, region string, c operator.Sums) []string {
		n := func(v int64) string { return strconv.FormatInt(v, 10) }
		return []string{
			day, provider, model, region, n(c.Attempts), n(c.OK), yuan(c.ChargedFen), yuan(c.UnknownFen), yuan(c.ReturnedFen),
			n(c.Hedges), n(c.Failed), n(c.Unknown),
		}
	}
	var sum operator.Sums
	for _, c := range costs {
		sum.Add(c.Sums)
		v.Names = append(v.Names, c.Day+"/"+c.Provider+"/"+c.Model+"/"+c.Region)
		v.Table.Rows = append(v.Table.Rows, row(c.Day, c.Provider, or(c.Model, "-"), c.Region, c.Sums))
	}
	if len(costs) > 1 {
		v.Table.Rows = append(v.Table.Rows, row("all", "", "", "", sum))
	}
	return v
}
