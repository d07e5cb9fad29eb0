package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type quotaGetOptions struct {
	showOptions
	session task.SessionID
}

func newQuotaGet(a *App) *cobra.Command {
	o := &quotaGetOptions{showOptions: showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "get [SESSION]", Short: "Show all limits, or where one session stands",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.session = task.SessionID(args[0])
			}
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *quotaGetOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		if o.session == "" {
			l, err := c.Limits(ctx)
			return limitsView(l), err
		}
		s, err := c.Session(ctx, o.session)
		return quotaView(s.Quota), err
	})
}
