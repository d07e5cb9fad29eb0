package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type campaignSetOptions struct {
	editOptions
	name             string
	window           window
	capacity, budget int64
	mark, landing    string
}

func newCampaignSet(a *App) *cobra.Command {
	o := &campaignSetOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Change a campaign that is planned or open",
		Long: "Change a campaign that is planned or open, live on every gateway within a second. What is not given\n" +
			"stays. With a smaller capacity nobody is sent away: tasks that have a place keep it.",
		Example: "  imgctl campaign set expo --capacity 800 --to \"2026-11-28 20:00\" --reason \"more people than planned\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeCampaigns(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			patch, err := o.patch(cmd, time.Now())
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), patch)
		},
	}
	o.window.flags(cmd)
	f := cmd.Flags()
	f.Int64Var(&o.capacity, "capacity", 0, "`tasks` queued or running at once")
	f.Int64Var(&o.budget, "daily-budget", 0, "`fen` that its pictures may cost on a Shanghai day; 0: no limit")
	f.StringVar(&o.mark, "brand-mark", "", "`words` that are drawn into its pictures; empty for none")
	f.StringVar(&o.landing, "landing-url", "", "https `address` that is told with every picture; empty for none")
	o.flags(cmd)
	return cmd
}

// patch is what was given.
func (o *campaignSetOptions) patch(cmd *cobra.Command, now time.Time) (p operator.CampaignPatch, err error) {
	if o.window.length != 0 && o.window.from == "" {
		return p, usage("--for needs --from")
	}
	from, to, err := o.window.read(time.Time{}, now)
	if err != nil {
		return p, err
	}
	if !from.IsZero() {
		p.From = &from
	}
	if !to.IsZero() {
		p.To = &to
	}
	for flag, take := range map[string]func(){
		"capacity": func() { p.Capacity = &o.capacity }, "daily-budget": func() { p.DailyBudgetFen = &o.budget },
		"brand-mark": func() { p.BrandMark = &o.mark }, "landing-url": func() { p.LandingURL = &o.landing },
	} {
		if cmd.Flags().Changed(flag) {
			take()
		}
	}
	if p == (operator.CampaignPatch{}) {
		return p, usage("say what to change")
	}
	return p, nil
}

func (o *campaignSetOptions) run(ctx context.Context, patch operator.CampaignPatch) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.ChangeCampaign(ctx, o.name, patch, o.edit())
	})
}
