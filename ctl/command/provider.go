package command

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newProvider(a *App) *cobra.Command {
	return group("provider", "Which models make pictures, and how often",
		newProviderLs(a), newProviderSwitch(a, true), newProviderSwitch(a, false), newProviderWeight(a), newProviderRamp(a))
}

func providersView(ps []operator.Provider) terminal.View {
	v := terminal.View{Doc: ps, Table: terminal.Table{
		Columns: []terminal.Column{
			{Name: "name", Least: 8}, {Name: "on"}, {Name: "weight", Right: true}, {Name: "breaker", Least: 6},
			{Name: "calls", Right: true}, {Name: "p50/p95", Right: true}, {Name: "success", Right: true},
			{Name: "allowance", Right: true}, {Name: "spent today", Right: true}, {Name: "reason", Least: 6},
			{Name: "kind", Wide: true}, {Name: "price", Right: true, Wide: true}, {Name: "budget", Right: true, Wide: true}, {Name: "workers", Right: true, Wide: true}, {Name: "limit", Right: true, Wide: true}, {Name: "region", Wide: true}, {Name: "worker ids", Wide: true},
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
			p.Name, yesNo(p.Enabled), weight, breakerText(p.Breakers), strconv.Itoa(p.InFlight), paceText(p), successText(p.Success),
			allowanceText(p), spentToday(p), p.Reason,
			p.Kind, yuan(p.PriceFen), budgetText(p.BudgetFen), strconv.Itoa(len(p.Workers)), concurrencyText(p), p.Region, strings.Join(p.Workers, ","),
		})
	}
	return v
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

func successText(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", *share*100)
}

// alarmed finds an alarm of a provider.
func alarmed(p operator.Provider, what string) bool {
	return slices.ContainsFunc(p.Alarms, func(a operator.Alarm) bool { return a.What == what })
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
