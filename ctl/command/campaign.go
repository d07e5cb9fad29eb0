package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCampaign(a *App) *cobra.Command {
	return group("campaign", "Events that bring a crowd, with places of their own", newCampaignLs(a), newCampaignCreate(a), newCampaignEnd(a))
}

func newCampaignLs(a *App) *cobra.Command {
	o := &showOptions{app: a}
	cmd := &cobra.Command{
		Use: "ls", Short: "List the campaigns, and how they do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.show(cmd.Context(), func(ctx context.Context, c *operator.Client) (terminal.View, error) {
				list, err := c.Campaigns(ctx)
				return campaignsView(list), err
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func campaignsView(list []operator.Campaign) terminal.View {
	v := terminal.View{Doc: list, Table: terminal.Table{Columns: []terminal.Column{
		{Name: "name", Least: 8}, {Name: "state"}, {Name: "from"}, {Name: "to"}, {Name: "tasks", Right: true},
		{Name: "spent today", Right: true}, {Name: "daily budget", Right: true, Wide: true},
		{Name: "mark", Wide: true}, {Name: "landing page", Wide: true},
	}, Empty: "No campaign was created yet."}}
	for _, c := range list {
		to := c.To
		if c.EndedAt != nil {
			to = *c.EndedAt
		}
		v.Names = append(v.Names, c.Name)
		v.Table.Rows = append(v.Table.Rows, []string{
			c.Name, c.State, minute(c.From), minute(to), fmt.Sprintf("%d/%d", c.Tasks, c.Capacity), yuan(c.SpentFen), campaignBudget(c), c.BrandMark, c.LandingURL,
		})
	}
	return v
}

func campaignBudget(c operator.Campaign) string {
	if c.DailyBudgetFen == 0 {
		return "off"
	}
	return yuan(c.DailyBudgetFen)
}

type campaignCreateOptions struct {
	editOptions
	start    operator.CampaignStart
	from, to string
	length   time.Duration
}

func newCampaignCreate(a *App) *cobra.Command {
	o := &campaignCreateOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Plan or open a campaign",
		Long: "Plan or open a campaign: every gateway opens and closes it by its own clock. While it is open, tasks\n" +
			"that name it have --capacity places for themselves, beside limits.queueDepth, and every second turn in\n" +
			"the queue. One task more is asked to come back in a moment. They do not count for limits.ipDaily,\n" +
			"because a crowd is often behind one address; for the same reason look at --ip-per-minute and\n" +
			"--ip-sessions-per-hour of imgctl quota set. When --daily-budget is spent, people are told to come back\n" +
			"tomorrow.\n\n" +
			"Times are \"2026-11-28 10:00\" or \"10:00\" in this machine's zone, or RFC 3339.",
		Example: "  imgctl campaign create expo --from \"2026-11-28 10:00\" --to \"2026-11-28 18:00\" --capacity 500 \\\n" +
			"    --brand-mark 春茶节 --daily-budget 100000 --landing-url https://example.com/expo\n" +
			"  imgctl campaign create tonight --for 3h --capacity 100",
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.start.Name = args[0]
			if err := o.parse(time.Now()); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "`time` at which it opens (default: now)")
	f.StringVar(&o.to, "to", "", "`time` at which it closes")
	f.DurationVar(&o.length, "for", 0, "how `long` it is open, instead of --to")
	f.Int64Var(&o.start.Capacity, "capacity", 0, "`tasks` queued or running at once")
	f.Int64Var(&o.start.DailyBudgetFen, "daily-budget", 0, "`fen` that its pictures may cost on a Shanghai day; 0: no limit")
	f.StringVar(&o.start.BrandMark, "brand-mark", "", "`words` that are drawn into its pictures, beside the label")
	f.StringVar(&o.start.LandingURL, "landing-url", "", "https `address` that is told with every picture")
	o.flags(cmd)
	return cmd
}

func (o *campaignCreateOptions) parse(now time.Time) (err error) {
	o.start.From = now.Truncate(time.Second)
	if o.from != "" {
		if o.start.From, err = parseMoment(o.from, now); err != nil {
			return usage("--from %v", err)
		}
	}
	switch {
	case (o.to == "") == (o.length == 0):
		return usage("give --to or --for")
	case o.length < 0:
		return usage("--for must be positive, is %v", o.length)
	case o.length > 0:
		o.start.To = o.start.From.Add(o.length)
	default:
		if o.start.To, err = parseMoment(o.to, now); err != nil {
			return usage("--to %v", err)
		}
	}
	if o.start.Capacity < 1 {
		return usage("--capacity must be given and positive")
	}
	if o.start.DailyBudgetFen < 0 {
		return usage("--daily-budget must not be negative, is %d", o.start.DailyBudgetFen)
	}
	return nil
}

func (o *campaignCreateOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.CreateCampaign(ctx, o.start, o.edit())
	})
}

type campaignEndOptions struct {
	editOptions
	name string
}

func newCampaignEnd(a *App) *cobra.Command {
	o := &campaignEndOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "end NAME", Short: "End a campaign now; tasks that it has go on",
		Example: "  imgctl campaign end expo --reason \"hall is closed\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeCampaigns(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *campaignEndOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.EndCampaign(ctx, o.name, o.edit())
	})
}

func (a *App) completeCampaigns() cobra.CompletionFunc {
	return a.complete(func(ctx context.Context, c *operator.Client) ([]string, error) {
		list, err := c.Campaigns(ctx)
		names := make([]string, len(list))
		for i, x := range list {
			names[i] = x.Name
		}
		return names, err
	})
}
