package command

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newExperimentReport(a *app.App) *cobra.Command {
	return a.Shows(&cobra.Command{
		Use: "report NAME", Short: "How the arms do, with intervals",
		Long: "How the arms do: each number with the interval that holds the truth 95 times in 100. BEST is the\n" +
			"probability that an arm is worth the most by success, latency, price and what people think:\n" +
			"  success × (0.40 + 0.20 speed + 0.10 thrift + 0.30 quality)\n" +
			"A task whose picture another provider made is a failure of its arm. LEFT OUT are tasks that say nothing\n" +
			"of their arm: canceled, made by the stand-in, or its provider was off, out of money, broken or full;\n" +
			"answers from the cache are not counted at all. LIKED is 4, 5 or \"like\", of the pictures rated.",
		Example: "  imgctl experiment report sky --watch",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: completeExperiments(a),
	}, func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error) {
		r, err := c.ReportExperiment(ctx, args[0])
		return reportView(r), err
	})
}

// reportView is two tables, so that eight arms fit a narrow terminal.
func reportView(r operator.ExperimentStatus) terminal.View {
	work := terminal.Table{Columns: []terminal.Column{
		{Name: "arm", Least: 6}, {Name: "share", Right: true}, {Name: "best", Right: true}, {Name: "tasks", Right: true},
		{Name: "success", Right: true}, {Name: "p50", Right: true}, {Name: "p95", Right: true},
	}}
	taste := terminal.Table{Columns: []terminal.Column{
		{Name: "arm", Least: 6}, {Name: "fen/task", Right: true}, {Name: "rated", Right: true}, {Name: "liked", Right: true},
		{Name: "regenerated", Right: true}, {Name: "deleted", Right: true}, {Name: "left out", Right: true},
	}}
	rate := func(e *operator.Estimate) string { return said(e, "–", rateText) }
	span := func(e *operator.Estimate) string { return said(e, "–", spanText) }
	v := terminal.View{Doc: r}
	for _, a := range r.Results {
		v.Names = append(v.Names, a.Arm)
		work.Rows = append(work.Rows, []string{
			a.Arm, percentOrNone(a.Share), percent(a.Best), strconv.FormatInt(a.Tasks, 10), rate(a.Success), span(a.P50), span(a.P95),
		})
		out := a.LeftOut.Degraded + a.LeftOut.Canceled + a.LeftOut.NotAsked
		taste.Rows = append(taste.Rows, []string{
			a.Arm, fmt.Sprintf("%.1f", a.FenPerTask), strconv.FormatInt(a.Rated, 10), rate(a.Liked), rate(a.Regenerated),
			rate(a.Deleted), strconv.FormatInt(out, 10),
		})
	}
	v.Table, v.More = work, []terminal.Table{taste}
	return v
}

// percentOrNone leaves the share of an experiment that was stopped open.
func percentOrNone(share float64) string {
	if share == 0 {
		return "–"
	}
	return percent(share)
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

// rateText writes a share with its interval: "95% 93–97".
func rateText(e operator.Estimate) string {
	return fmt.Sprintf("%.0f%% %.0f–%.0f", 100*e.Value, 100*e.Low, 100*e.High)
}

// spanText writes seconds with their interval: "7.1s 6.7–7.5".
func spanText(e operator.Estimate) string {
	digits := 1
	if e.High >= 10 {
		digits = 0
	}
	return fmt.Sprintf("%.*fs %.*f–%.*f", digits, e.Value, digits, e.Low, digits, e.High)
}
