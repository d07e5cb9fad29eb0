package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type quotaResetOptions struct {
	editOptions
	keys []string
	all  bool
}

func newQuotaReset(a *App) *cobra.Command {
	o := &quotaResetOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "reset [LIMIT…]", Short: "Take limits back to what is configured",
		Example:           "  imgctl quota reset sessionDaily\n  imgctl quota reset --all",
		ValidArgsFunction: cobra.FixedCompletions(limitKeys(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				o.keys = append(o.keys, limitKey(arg))
			}
			if (len(o.keys) == 0) != o.all {
				return usage("name limits such as sessionDaily, or give --all")
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "reset every limit")
	o.flags(cmd)
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

func limitKeys() (keys []string) {
	for _, l := range limit.All() {
		keys = append(keys, l.Key)
	}
	return keys
}

func (o *quotaResetOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.ResetLimits(ctx, o.keys, o.edit())
	})
}
