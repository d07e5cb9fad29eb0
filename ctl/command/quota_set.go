package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type quotaSetOptions struct {
	editOptions
	values map[string]*string // as given, by limit
	limits map[string]int64
}

func newQuotaSet(a *App) *cobra.Command {
	o := &quotaSetOptions{editOptions: editOptions{app: a}, values: make(map[string]*string), limits: make(map[string]int64)}
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
	for _, key := range operator.LimitKeys() {
		o.values[key] = cmd.Flags().String(kebab(key), "", fmt.Sprintf("new `value` of limits.%s", key))
	}
	o.flags(cmd)
	return cmd
}

func (o *quotaSetOptions) parse(cmd *cobra.Command) error {
	for key, raw := range o.values {
		if !cmd.Flags().Changed(kebab(key)) {
			continue
		}
		v, err := parseLimit(*raw)
		if err != nil {
			return usage("--%s %w", kebab(key), err)
		}
		o.limits[key] = v
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
