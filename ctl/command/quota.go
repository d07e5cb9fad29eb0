package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func newQuota(a *app.App) *cobra.Command {
	get := a.Shows(&cobra.Command{Use: "get [SESSION]", Short: "Show all limits, or the quota of one session", Args: cobra.MaximumNArgs(1)},
		func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error) {
			if len(args) == 0 {
				l, err := c.Limits(ctx)
				return limitsView(l), err
			}
			s, err := c.Session(ctx, task.SessionID(args[0]))
			return quotaView(s.Quota), err
		})
	return app.Group("quota", "Limits for everybody, and quotas of single sessions", get, newQuotaSet(a), newQuotaReset(a), newQuotaGrant(a))
}

func limitsView(l operator.Limits) terminal.View {
	v := app.ListView(l.Limits, terminal.Table{Columns: []terminal.Column{
		{Name: "limit"}, {Name: "value", Right: true}, {Name: "configured", Right: true}, {Name: "set by"},
	}}, func(x operator.Limit) []string {
		by := "configuration"
		if x.Overridden {
			by = "operator"
		}
		return []string{x.Key, limitText(x.Key, x.Value), limitText(x.Key, x.Configured), by}
	})
	v.Doc = l
	return v
}

func quotaView(q operator.Quota) terminal.View {
	return terminal.View{Doc: q, Names: []string{string(q.Session)}, Table: terminal.Table{
		Columns: []terminal.Column{{Name: "session"}, {Name: "used", Right: true}, {Name: "daily", Right: true}, {Name: "active", Right: true}, {Name: "at most", Right: true}, {Name: "resets"}},
		Rows: [][]string{{
			string(q.Session), strconv.FormatInt(q.Used, 10), limitText("", q.Daily),
			strconv.FormatInt(q.Active, 10), limitText("", q.ActiveLimit), app.Clock(q.ResetsAt),
		}},
	}}
}

func newQuotaGrant(a *app.App) *cobra.Command {
	var grant operator.Grant
	cmd := a.Acts(&cobra.Command{
		Use: "grant SESSION TASKS --id EXTERNAL-ID", Short: "Give a session more tasks today",
		Long: "Give a session more tasks today. The external id, such as an order number, makes it safe to\nrepeat the command: the same id gives only once.",
		Args: cobra.ExactArgs(2),
		PreRunE: func(_ *cobra.Command, args []string) (err error) {
			if grant.Tasks, err = strconv.ParseInt(args[1], 10, 64); err != nil || grant.Tasks < 1 {
				return app.Usage("TASKS must be a positive number, is %q", args[1])
			}
			if grant.ExternalID == "" {
				return app.Usage("give --id: the same id gives only once, so that a repeated command does no harm")
			}
			return nil
		},
	}, nil, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (terminal.View, error) {
		q, err := c.Grant(ctx, task.SessionID(args[0]), grant, e)
		if err == nil && e.DryRun {
			a.Talk("Dry run: nothing was changed.")
		}
		return quotaView(q), err
	})
	cmd.Flags().StringVar(&grant.ExternalID, "id", "", "`external id` that may give only once")
	return cmd
}
