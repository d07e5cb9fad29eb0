package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type quotaSetOptions struct {
	editOptions
	limits map[string]int64
}

func newQuotaSet(a *App) *cobra.Command {
	o := &quotaSetOptions{editOptions: editOptions{app: a}, limits: make(map[string]int64)}
	cmd := &cobra.Command{
		Use: "set", Short: "Change limits on every gateway within a second",
		Long:    "Change limits on every gateway within a second. They stay, also over restarts, until `imgctl quota reset`.\nSizes may be written as 64MiB; off turns a limit off.",
		Example: "  imgctl quota set --session-daily 30 --reason \"weekend campaign\"\n  imgctl quota set --max-upload-bytes 32MiB --ip-daily off",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	for _, l := range limit.All() {
		cmd.Flags().String(l.Flag(), "", "`"+string(l.Unit)+"` "+l.Help)
	}
	o.flags(cmd)
	return cmd
}

func (o *quotaSetOptions) parse(cmd *cobra.Command) error {
	for _, l := range limit.All() {
		f := cmd.Flags().Lookup(l.Flag())
		if !f.Changed {
			continue
		}
		v, err := parseLimit(f.Value.String())
		if err != nil {
			return usage("--%s %w", l.Flag(), err)
		}
		o.limits[l.Key] = v
	}
	if len(o.limits) == 0 {
		return usage("name at least one limit, such as --session-daily 30")
	}
	return nil
}

func (o *quotaSetOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.SetLimits(ctx, o.limits, o.edit())
	})
}
