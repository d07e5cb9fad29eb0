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
	return group("campaign", "Events that bring a crowd, with places of their own", newCampaignLs(a), newCampaignCreate(a), newCampaignSet(a), newCampaignEnd(a))
}

func newCampaignLs(a *App) *cobra.Command {
	o := &showOptions{app: a}
	cmd := &cobra.Command{
		Use: "ls", Short: "List the campaigns, and how they do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.show(cmd.Context(), func(ctx context.Context, c *operator.Client) (terminal.View, error) {
				list, err := c.Campaigns(ctx)
				return campaignsView(list, time.Now()), err
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func campaignsView(list []operator.Campaign, now time.Time) terminal.View {
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
			c.Name, c.State, minute(c.From, now), minute(to, now), fmt.Sprintf("%d/%d", c.Tasks, c.Capacity), yuan(c.SpentFen), campaignBudget(c), c.BrandMark, c.LandingURL,
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
