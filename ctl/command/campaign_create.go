package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type campaignCreateOptions struct {
	editOptions
	start  operator.CampaignStart
	window window
}

// window is when a campaign is open, as people say it.
type window struct {
	from, to string
	length   time.Duration
}

func (w *window) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.from, "from", "", "`time` at which it opens")
	f.StringVar(&w.to, "to", "", "`time` at which it closes")
	f.DurationVar(&w.length, "for", 0, "how `long` it is open, instead of --to")
}

// read gives the moments; from is its beginning when none is given, and to
// stays zero when it is not told.
func (w *window) read(from, now time.Time) (_, to time.Time, err error) {
	if w.from != "" {
		if from, err = parseMoment(w.from, now); err != nil {
			return from, to, usage("--from %v", err)
		}
	}
	switch {
	case w.to != "" && w.length != 0:
		return from, to, usage("give --to or --for")
	case w.length < 0:
		return from, to, usage("--for must be positive, is %v", w.length)
	case w.length > 0:
		return from, from.Add(w.length), nil
	case w.to != "":
		if to, err = parseMoment(w.to, now); err != nil {
			return from, to, usage("--to %v", err)
		}
	}
	return from, to, nil
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
			"It opens now without --from. Times are \"2026-11-28 10:00\" or \"10:00\" in this machine's zone, or RFC 3339.",
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
	o.window.flags(cmd)
	f := cmd.Flags()
	f.Int64Var(&o.start.Capacity, "capacity", 0, "`tasks` queued or running at once")
	f.Int64Var(&o.start.DailyBudgetFen, "daily-budget", 0, "`fen` that its pictures may cost on a Shanghai day; 0: no limit")
	f.StringVar(&o.start.BrandMark, "brand-mark", "", "`words` that are drawn into its pictures, beside the label")
	f.StringVar(&o.start.LandingURL, "landing-url", "", "https `address` that is told with every picture")
	o.flags(cmd)
	return cmd
}

func (o *campaignCreateOptions) parse(now time.Time) (err error) {
	if o.start.From, o.start.To, err = o.window.read(now.Truncate(time.Second), now); err != nil {
		return err
	}
	if o.start.To.IsZero() {
		return usage("give --to or --for")
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
