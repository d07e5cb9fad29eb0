package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newQuotaSet(a *app.App) *cobra.Command {
	limits := map[string]int64{}
	cmd := a.Changes(&cobra.Command{
		Use: "set", Short: "Change limits on every gateway within a second",
		Long:    "Change limits on every gateway within a second. They stay, also over restarts, until `imgctl quota reset`.\nSizes may be written as 64MiB; off turns a limit off.",
		Example: "  imgctl quota set --session-daily 30 --reason \"weekend campaign\"\n  imgctl quota set --max-upload-bytes 32MiB --ip-daily off",
		Args:    cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			for _, l := range limit.All() {
				f := cmd.Flags().Lookup(l.Flag())
				if !f.Changed {
					continue
				}
				if limits[l.Key], err = parseLimit(f.Value.String()); err != nil {
					return app.Usage("--%s %w", l.Flag(), err)
				}
			}
			if len(limits) == 0 {
				return app.Usage("name at least one limit, such as --session-daily 30")
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		return c.SetLimits(ctx, limits, e)
	})
	for _, l := range limit.All() {
		cmd.Flags().String(l.Flag(), "", "`"+string(l.Unit)+"` "+l.Help)
	}
	return cmd
}

func newQuotaReset(a *app.App) *cobra.Command {
	var all bool
	var keys, known []string
	for _, l := range limit.All() {
		known = append(known, l.Key)
	}
	cmd := a.Changes(&cobra.Command{
		Use: "reset [LIMIT…]", Short: "Take limits back to what is configured",
		Example:           "  imgctl quota reset sessionDaily\n  imgctl quota reset --all",
		ValidArgsFunction: cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp),
		PreRunE: func(_ *cobra.Command, args []string) error {
			for _, arg := range args {
				keys = append(keys, limitKey(arg))
			}
			if (len(keys) == 0) != all {
				return app.Usage("name limits such as sessionDaily, or give --all")
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		return c.ResetLimits(ctx, keys, e)
	})
	cmd.Flags().BoolVar(&all, "all", false, "reset every limit")
	return cmd
}

// limitKey accepts session-daily for sessionDaily: people type what the flags
// of set are called. Whether there is such a limit is the gateway's to say.
func limitKey(arg string) string {
	for _, l := range limit.All() {
		if l.Flag() == arg {
			return l.Key
		}
	}
	return arg
}
