package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newProvider(a *app.App) *cobra.Command {
	ls := a.Shows(&cobra.Command{Use: "ls", Short: "List the providers", Args: cobra.NoArgs},
		app.Of((*operator.Client).Providers, providersView))
	enable := func(enabled bool, cmd *cobra.Command) *cobra.Command {
		cmd.Args, cmd.ValidArgsFunction = cobra.ExactArgs(1), completeProviders(a)
		return a.Changes(cmd, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error) {
			return c.ChangeProvider(ctx, args[0], operator.ProviderPatch{Enabled: &enabled}, e)
		})
	}
	return app.Group("provider", "Which models make pictures, and how often", ls,
		enable(true, &cobra.Command{Use: "enable NAME", Short: "Use a provider again"}),
		enable(false, &cobra.Command{
			Use: "disable NAME", Short: "Send no further attempts to a provider; running ones end",
			Example: "  imgctl provider disable seedream --reason \"billing incident\"",
		}),
		newProviderWeight(a), newProviderRamp(a))
}

func newProviderWeight(a *app.App) *cobra.Command {
	var patch operator.ProviderPatch
	cmd := a.Changes(&cobra.Command{
		Use: "weight NAME WEIGHT", Short: "Change a provider's share of tasks (0…1000)",
		Long:    "Change a provider's share of tasks. Weights count relative to each other; with 0 a provider is only\na fallback. --reset goes back to the configured weight.",
		Example: "  imgctl provider weight seedream 20\n  imgctl provider weight seedream --reset",
		Args:    cobra.RangeArgs(1, 2), ValidArgsFunction: completeProviders(a),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if (len(args) == 2) == patch.ResetWeight {
				return app.Usage("give either a weight or --reset")
			}
			if len(args) == 2 {
				w, err := strconv.Atoi(args[1])
				if err != nil || w < 0 || w > 1000 {
					return app.Usage("the weight must be 0…1000, is %q", args[1])
				}
				patch.Weight = &w
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error) {
		return c.ChangeProvider(ctx, args[0], patch, e)
	})
	cmd.Flags().BoolVar(&patch.ResetWeight, "reset", false, "go back to the configured weight")
	return cmd
}

func providersView(ps []operator.Provider) terminal.View {
	v := app.ListView(ps, terminal.Table{
		Columns: []terminal.Column{
			{Name: "name", Least: 6}, {Name: "state"}, {Name: "until"}, {Name: "weight", Right: true},
			{Name: "calls", Right: true}, {Name: "success", Right: true}, {Name: "left", Right: true}, {Name: "spent", Right: true}, {Name: "reason", Least: 12, Wrap: true},
			{Name: "now", Right: true, Wide: true}, {Name: "p50/p95", Right: true, Wide: true}, {Name: "breaker", Wide: true},
			{Name: "kind", Wide: true}, {Name: "price", Right: true, Wide: true}, {Name: "budget", Right: true, Wide: true}, {Name: "workers", Right: true, Wide: true}, {Name: "limit", Right: true, Wide: true}, {Name: "region", Wide: true}, {Name: "worker ids", Wide: true},
		},
		Empty: "No provider is configured.",
	}, providerRow)
	v.More = []terminal.Table{refusalsTable(ps)}
	return v
}

func providerRow(p operator.Provider) []string {
	weight := strconv.Itoa(p.Weight)
	if p.Weight != p.ConfiguredWeight {
		weight += " (" + strconv.Itoa(p.ConfiguredWeight) + ")"
	}
	until := ""
	if p.Until != nil {
		until = moment(*p.Until)
	}
	return []string{
		p.Name, p.State, until, weight, strconv.FormatInt(p.Calls, 10), said(p.Success, "-", percent), allowanceText(p), spentToday(p), p.Reason,
		strconv.Itoa(p.InFlight), paceText(p), breakerText(p.Breakers),
		p.Kind, yuan(p.PriceFen), budgetText(p.BudgetFen), strconv.Itoa(len(p.Workers)), concurrencyText(p), p.Region, strings.Join(p.Workers, ","),
	}
}

// refusalsTable has each provider's last refusal whole.
func refusalsTable(ps []operator.Provider) terminal.Table {
	t := terminal.Table{Columns: []terminal.Column{
		{Name: "refused by", Least: 6}, {Name: "at"}, {Name: "class"}, {Name: "code", Least: 12, Wrap: true}, {Name: "words", Least: 24, Wrap: true},
	}}
	for _, p := range ps {
		if r := p.LastRefusal; r != nil {
			t.Rows = append(t.Rows, []string{p.Name, moment(r.At), string(r.Class), r.Code, r.Message})
		}
	}
	return t
}

// moment is a time of today, or with its day.
func moment(at time.Time) string {
	at = at.Local()
	if y, m, d := time.Now().Date(); at.Year() == y && at.Month() == m && at.Day() == d {
		return at.Format(time.TimeOnly)
	}
	return at.Format("01-02 15:04")
}

// breakerText says where a provider is left alone.
func breakerText(open map[string]string) string {
	if len(open) == 0 {
		return "closed"
	}
	var parts []string
	for _, region := range slices.Sorted(maps.Keys(open)) {
		part := open[region]
		if region != "" {
			part = region + " " + part
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func paceText(p operator.Provider) string {
	if p.P95Seconds == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f/%.1f s", p.P50Seconds, p.P95Seconds)
}

// alarmed finds an alarm of a provider.
func alarmed(p operator.Provider, name string) bool {
	return slices.ContainsFunc(p.Alarms, func(a operator.Alarm) bool { return a.Name == name })
}

// allowanceText is how many calls the vendor says it still takes.
func allowanceText(p operator.Provider) string {
	if p.Remaining == nil {
		return "-"
	}
	text := strconv.FormatInt(*p.Remaining, 10)
	if alarmed(p, operator.AlarmAllowance) {
		text = "low: " + text
	}
	return text
}

// spentToday also says how much of the budget that is, once it is alarming.
func spentToday(p operator.Provider) string {
	text := yuan(p.SpentFen)
	if p.BudgetFen != nil && alarmed(p, operator.AlarmBudget) {
		text += fmt.Sprintf(" (%d%%)", p.SpentFen*100/max(1, *p.BudgetFen))
	}
	return text
}

// concurrencyText is the configured limit, and what is left of it while the
// vendor limits our rate.
func concurrencyText(p operator.Provider) string {
	text := limitText("", int64(p.MaxConcurrent))
	if p.RateWindow > 0 {
		text = strconv.Itoa(p.RateWindow) + " of " + text
	}
	return text
}
