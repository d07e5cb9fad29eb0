package command

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newFallback(a *app.App) *cobra.Command {
	get := a.Shows(&cobra.Command{Use: "get", Short: "Show what applies, and what operators have set of it", Args: cobra.NoArgs},
		func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
			f, err := c.Fallback(ctx)
			for _, w := range f.Warnings {
				a.Talk("Warning: %s.", w)
			}
			return fallbackView(f), err
		})
	return app.Group("fallback", "How tasks go on when a provider fails or is slow", get, newFallbackSet(a), newFallbackReset(a))
}

func fallbackView(f operator.FallbackState) terminal.View {
	v := terminal.View{Doc: f.Fallback, Names: operator.FallbackFields(), Table: terminal.Table{Columns: []terminal.Column{
		{Name: "field"}, {Name: "value", Right: true}, {Name: "configured", Right: true}, {Name: "set by"},
	}}}
	now, configured := fallbackTexts(f.Fallback), fallbackTexts(f.Configured)
	set := []bool{f.Set.Mock != nil, f.Set.Unknown != nil, f.Set.HedgeBudget != nil, f.Set.DoublePayFenPerDay != nil}
	for i, field := range v.Names {
		by := "configuration"
		if set[i] {
			by = "operator"
		}
		v.Table.Rows = append(v.Table.Rows, []string{field, now[i], configured[i], by})
	}
	return v
}

// fallbackTexts are the values in the order of operator.FallbackFields.
func fallbackTexts(f operator.Fallback) []string {
	mock := "off"
	if f.Mock {
		mock = "on"
	}
	return []string{mock, f.Unknown, strconv.FormatFloat(f.HedgeBudget, 'g', -1, 64), strconv.FormatInt(f.DoublePayFenPerDay, 10)}
}

func newFallbackSet(a *app.App) *cobra.Command {
	patch := operator.Patch{}
	cmd := a.Changes(&cobra.Command{
		Use: "set", Short: "Change how tasks go on, also those that run, on every gateway within a second",
		Long: "Change how tasks go on when a provider fails or is slow, also those that run, on every gateway within a\n" +
			"second. What is set wins over file and environment, also over restarts, until `imgctl fallback reset`.\n" +
			"The mock stands in only if it is in `providers`, too.",
		Example: "  imgctl fallback set --mock on --reason \"both vendors are down\"\n" +
			"  imgctl fallback set --unknown next --double-pay-fen 20000 --hedge-budget 0.05",
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			patch, err = fallbackPatch(cmd)
			return err
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		return c.SetFallback(ctx, patch, e)
	})
	flags := cmd.Flags()
	flags.String("mock", "", "`on|off`: the mock may stand in when no real model is left")
	flags.String("unknown", "", "`wait|next|fail`: what follows a call that may have been billed")
	flags.String("hedge-budget", "", "`share` of calls (0…1) that may be second calls beside a slow one")
	flags.String("double-pay-fen", "", "`fen` that may be paid twice on a day, with --unknown next")
	app.Must(cmd.RegisterFlagCompletionFunc("mock", cobra.FixedCompletions([]string{"on", "off"}, cobra.ShellCompDirectiveNoFileComp)))
	app.Must(cmd.RegisterFlagCompletionFunc("unknown", cobra.FixedCompletions(unknowns(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func unknowns() []string {
	return []string{operator.UnknownWait, operator.UnknownNext, operator.UnknownFail}
}

// fallbackPatch holds the flags that a person gave.
func fallbackPatch(cmd *cobra.Command) (operator.Patch, error) {
	p := operator.Patch{}
	text := func(flag string) (string, bool) {
		f := cmd.Flags().Lookup(flag)
		return f.Value.String(), f.Changed
	}
	if v, given := text("mock"); given {
		if v != "on" && v != "off" {
			return nil, app.Usage("--mock must be on or off, is %q", v)
		}
		p["mock"] = v == "on"
	}
	if v, given := text("unknown"); given {
		if !slices.Contains(unknowns(), v) {
			return nil, app.Usage("--unknown must be one of %s, is %q", strings.Join(unknowns(), ", "), v)
		}
		p["unknown"] = v
	}
	if v, given := text("hedge-budget"); given {
		share, err := strconv.ParseFloat(v, 64)
		if err != nil || !(share >= 0 && share <= 1) {
			return nil, app.Usage("--hedge-budget must be a share of 0…1, such as 0.05, is %q", v)
		}
		p["hedgeBudget"] = share
	}
	if v, given := text("double-pay-fen"); given {
		fen, err := strconv.ParseInt(v, 10, 64)
		if err != nil || fen < 0 {
			return nil, app.Usage("--double-pay-fen must be a number of fen, is %q", v)
		}
		p["doublePayFenPerDay"] = fen
	}
	if len(p) == 0 {
		return nil, app.Usage("name at least one of --mock, --unknown, --hedge-budget and --double-pay-fen")
	}
	return p, nil
}

// fallbackFlags name the fields as the flags of set do.
func fallbackFlags() map[string]string {
	return map[string]string{"hedge-budget": "hedgeBudget", "double-pay-fen": "doublePayFenPerDay", "double-pay-fen-per-day": "doublePayFenPerDay"}
}

func newFallbackReset(a *app.App) *cobra.Command {
	var fields []string
	return a.Changes(&cobra.Command{
		Use: "reset [FIELD…]", Short: "Take fields back to what is configured, all of them when none is named",
		Example:           "  imgctl fallback reset mock --reason \"vendors are back\"\n  imgctl fallback reset",
		ValidArgsFunction: cobra.FixedCompletions(operator.FallbackFields(), cobra.ShellCompDirectiveNoFileComp),
		PreRunE: func(_ *cobra.Command, args []string) error {
			for _, arg := range args {
				if field, ok := fallbackFlags()[arg]; ok {
					arg = field
				}
				if !slices.Contains(operator.FallbackFields(), arg) {
					return app.Usage("there is no field %q; there are %s", arg, strings.Join(operator.FallbackFields(), ", "))
				}
				fields = append(fields, arg)
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		return c.ResetFallback(ctx, fields, e)
	})
}
