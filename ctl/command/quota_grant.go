package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type quotaGrantOptions struct {
	editOptions
	session task.SessionID
	grant   operator.Grant
}

func newQuotaGrant(a *App) *cobra.Command {
	o := &quotaGrantOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "grant SESSION TASKS --id EXTERNAL-ID", Short: "Give a session more tasks today",
		Long: "Give a session more tasks today. The external id, such as an order number, makes it safe to\nrepeat: the same one gives only once.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o.session = task.SessionID(args[0])
			if o.grant.Tasks, err = strconv.ParseInt(args[1], 10, 64); err != nil || o.grant.Tasks < 1 {
				return usage("TASKS must be a positive number, is %q", args[1])
			}
			if o.grant.ExternalID == "" {
				return usage("give --id: the same id gives only once, so that a repeated command does no harm")
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.grant.ExternalID, "id", "", "`external id` that may give only once")
	o.flags(cmd)
	return cmd
}

func (o *quotaGrantOptions) run(ctx context.Context) error {
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		q, err := c.Grant(ctx, o.session, o.grant, o.edit())
		if err != nil {
			return err
		}
		if o.dryRun {
			o.app.talk("Dry run: nothing was changed.")
		}
		return o.app.print(quotaView(q))
	})
}
