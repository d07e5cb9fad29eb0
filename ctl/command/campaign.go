package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCampaign(a *app.App) *cobra.Command {
	ls := a.Shows(&cobra.Command{Use: "ls", Short: "List the campaigns, and how they do", Args: cobra.NoArgs},
		app.Of((*operator.Client).Campaigns, app.Timed(campaignsView)))
	end := a.Changes(&cobra.Command{
		Use: "end NAME", Short: "End a campaign now; its tasks go on",
		Example: "  imgctl campaign end expo --reason \"hall is closed\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: completeCampaigns(a),
	}, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error) {
		return c.EndCampaign(ctx, args[0], e)
	})
	return app.Group("campaign", "Events that bring a crowd, with a capacity of their own", ls, newCampaignCreate(a), newCampaignSet(a), end)
}

func campaignsView(list []operator.CampaignStatus, now time.Time) terminal.View {
	return app.ListView(list, terminal.Table{Columns: []terminal.Column{
		{Name: "name", Least: 8}, {Name: "state"}, {Name: "from"}, {Name: "to"}, {Name: "tasks", Right: true},
		{Name: "spent today", Right: true}, {Name: "daily budget", Right: true, Wide: true},
		{Name: "mark", Wide: true}, {Name: "landing page", Wide: true},
	}, Empty: "No campaign was created yet."}, func(c operator.CampaignStatus) []string {
		budget := "off"
		if c.DailyBudgetFen != 0 {
			budget = yuan(c.DailyBudgetFen)
		}
		return []string{
			c.Name, string(c.State), minute(c.From, now), minute(c.Closes(), now), fmt.Sprintf("%d/%d", c.Tasks, c.Capacity),
			yuan(c.SpentFen), budget, c.BrandMark, c.LandingURL,
		}
	})
}

func newCampaignCreate(a *app.App) *cobra.Command {
	var patch operator.Patch
	cmd := a.Changes(&cobra.Command{
		Use: "create NAME", Short: "Plan or open a campaign",
		Long: "Plan or open a campaign. Every gateway opens and closes it by its own clock. While it is open, --capacity\n" +
			"tasks that name it may be queued or running at once, beside limits.queueDepth, and they get every second\n" +
			"turn in the queue; who sends one more is asked to come back in a moment. Tasks of a campaign do not count\n" +
			"for limits.ipDaily, because a crowd is often behind one address. For the same reason look at\n" +
			"--ip-per-minute and --ip-sessions-per-hour of imgctl quota set. When --daily-budget is spent, people are\n" +
			"told to come back tomorrow.\n\n" +
			"Without --from it opens now. Times are \"2026-11-28 10:00\" or \"10:00\" in this machine's zone, or RFC 3339.",
		Example: "  imgctl campaign create expo --from \"2026-11-28 10:00\" --to \"2026-11-28 18:00\" --capacity 500 \\\n" +
			"    --brand-mark 春茶节 --daily-budget 100000 --landing-url https://example.com/expo\n" +
			"  imgctl campaign create tonight --for 3h --capacity 100",
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		PreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			now := time.Now()
			if patch, err = campaignPatch(cmd.Flags(), now.Truncate(time.Second), now); err != nil {
				return err
			}
			capacity, _ := patch["capacity"].(int64)
			budget, _ := patch["dailyBudgetFen"].(int64)
			switch {
			case patch["to"] == nil:
				return app.Usage("give --to or --for")
			case capacity < 1:
				return app.Usage("--capacity must be given and positive")
			case budget < 0:
				return app.Usage("--daily-budget must not be negative, is %d", budget)
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error) {
		return c.CreateCampaign(ctx, args[0], patch, e)
	})
	campaignFlags(cmd.Flags())
	return cmd
}

func newCampaignSet(a *app.App) *cobra.Command {
	var patch operator.Patch
	cmd := a.Changes(&cobra.Command{
		Use: "set NAME", Short: "Change a campaign that is planned or open",
		Long: "Change a campaign that is planned or open, on every gateway within a second. What is not given stays; an\n" +
			"empty --brand-mark or --landing-url takes it away. A smaller capacity sends no task away that was accepted.",
		Example: "  imgctl campaign set expo --capacity 800 --to \"2026-11-28 20:00\" --reason \"more people than planned\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: completeCampaigns(a),
		PreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			if patch, err = campaignPatch(cmd.Flags(), time.Time{}, time.Now()); err == nil && len(patch) == 0 {
				return app.Usage("say what to change")
			}
			return err
		},
	}, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error) {
		return c.ChangeCampaign(ctx, args[0], patch, e)
	})
	campaignFlags(cmd.Flags())
	return cmd
}

func campaignFlags(f *pflag.FlagSet) {
	fieldFlags[operator.Campaign](f)
	f.Duration("for", 0, "how `long` it is open, instead of --to")
}

// campaignPatch is what a person gave. The campaign begins at begin unless
// --from says otherwise; a zero begin leaves it as it is.
func campaignPatch(f *pflag.FlagSet, begin, now time.Time) (operator.Patch, error) {
	p, err := given[operator.Campaign](f, now)
	if err != nil {
		return p, err
	}
	if from, told := p["from"].(time.Time); told {
		begin = from
	} else if !begin.IsZero() {
		p["from"] = begin
	}
	switch length, _ := f.GetDuration("for"); {
	case length == 0:
		return p, nil
	case p["to"] != nil:
		return p, app.Usage("give --to or --for")
	case length < 0:
		return p, app.Usage("--for must be positive, is %v", length)
	case begin.IsZero():
		return p, app.Usage("--for needs --from")
	default:
		p["to"] = begin.Add(length)
		return p, nil
	}
}
