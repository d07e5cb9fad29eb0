package command

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type providerRampOptions struct {
	app.ChangeOptions
	start  operator.SwitchStart
	steps  []int
	every  time.Duration
	floor  float64
	status bool
	abort  bool
	watch  bool
}

func newProviderRamp(a *app.App) *cobra.Command {
	o := &providerRampOptions{ChangeOptions: app.ChangeOptions{App: a}}
	cmd := &cobra.Command{
		Use: "switch FROM TO | switch --status | switch --abort", Short: "Move the tasks of one provider to another in steps",
		Long: "Move the tasks of one provider to another in steps. The gateway that leads does it, so that this\n" +
			"terminal may be closed. A step lasts at least as long as --every and until --samples calls to the new\n" +
			"provider have ended. When its success is surely below --floor, or surely below the old provider's, all\n" +
			"tasks go back at once. After the last step the weights are changed for good. The history has every step.\n\n" +
			"With --watch the exit code is 0 when the switch was done, and 9 when it was rolled back or aborted.",
		Example: "  imgctl provider switch seedream dashscope --ramp 10,50,100 --every 5m --dry-run\n" +
			"  imgctl provider switch seedream dashscope --ramp 10,50,100 --every 5m --watch\n" +
			"  imgctl provider switch --status --watch\n  imgctl provider switch --abort --reason \"people complain\"",
		Args: cobra.MaximumNArgs(2), ValidArgsFunction: completeProviders(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.parse(args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&o.steps, "ramp", []int{10, 50, 100}, "`percent` of the old provider's tasks at each step; the last is 100")
	f.DurationVar(&o.every, "every", 5*time.Minute, "least `time` of a step")
	f.Float64Var(&o.floor, "floor", 90, "success in `percent` below which it is rolled back; 0 for none")
	f.IntVar(&o.start.Samples, "samples", 20, "`calls` to the new provider that a step needs")
	f.BoolVar(&o.status, "status", false, "show the last switch and how it does")
	f.BoolVar(&o.abort, "abort", false, "end the switch: the old provider has its tasks again")
	f.BoolVarP(&o.watch, "watch", "w", false, "show how it does until it ends")
	o.Flags(cmd)
	return cmd
}

func (o *providerRampOptions) parse(args []string) error {
	switch {
	case o.status && o.abort, (o.status || o.abort) && len(args) > 0, !o.status && !o.abort && len(args) != 2:
		return app.Usage("give the two providers, or --status, or --abort")
	case o.abort && o.watch, o.DryRun && o.watch:
		return app.Usage("there is nothing to watch")
	case o.every < time.Second || o.every%time.Second != 0:
		return app.Usage("--every must be whole seconds, is %v", o.every)
	case !(o.floor >= 0 && o.floor <= 100):
		return app.Usage("--floor must be 0…100, is %v", o.floor)
	case o.start.Samples < 1:
		return app.Usage("--samples must be positive, is %d", o.start.Samples)
	}
	if len(args) == 2 {
		floor := o.floor / 100
		o.start.From, o.start.To, o.start.Steps = args[0], args[1], o.steps
		o.start.EverySeconds, o.start.Floor = int64(o.every/time.Second), &floor
	}
	return nil
}

func (o *providerRampOptions) run(ctx context.Context) error {
	switch {
	case o.abort:
		return o.Change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
			return c.AbortSwitch(ctx, o.Edit())
		})
	case !o.status:
		if err := o.begin(ctx); err != nil || !o.watch {
			return err
		}
	}
	return o.follow(ctx)
}

func (o *providerRampOptions) begin(ctx context.Context) error {
	return o.App.Call(ctx, func(ctx context.Context, c *operator.Client) error {
		plan, err := c.StartSwitch(ctx, o.start, o.Edit())
		if err != nil {
			return err
		}
		o.App.Talk("%d calls are under way at %s and end there; it made %.0f pictures a day at today's rate.", plan.InFlight, o.start.From, plan.PerDay)
		if plan.Change.DryRun {
			o.App.Talk("Dry run: nothing was changed.")
		} else {
			o.App.Talk("Begun. See it with: imgctl provider switch --status, end it with: imgctl provider switch --abort")
		}
		if o.watch {
			return nil
		}
		return o.App.Print(switchPlanView(plan))
	})
}

// follow shows the switch, and with --watch until it has ended.
func (o *providerRampOptions) follow(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var last operator.Switch
	show := app.ShowOptions{App: o.App, Watch: o.watch}
	err := show.Show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		s, err := c.Switch(ctx)
		if err == nil {
			if last = s; s.State != operator.SwitchRunning {
				stop()
			}
		}
		return switchView(s), err
	})
	if err == nil && o.watch && slices.Contains([]string{operator.SwitchRolledBack, operator.SwitchAborted}, last.State) {
		return fmt.Errorf("%w: %s", app.ErrSwitchEnded, strings.ReplaceAll(last.State, "_", " "))
	}
	return err
}

func switchPlanView(p operator.SwitchPlan) terminal.View {
	v := terminal.View{Doc: p, Table: terminal.Table{Columns: []terminal.Column{
		{Name: "step", Right: true}, {Name: "share", Right: true}, {Name: "not before"}, {Name: "cost a day", Right: true},
	}}}
	for i, s := range p.Steps {
		cost := yuan(s.FenPerDay)
		if s.FenPerDay > 0 {
			cost = "+" + cost
		}
		v.Names = append(v.Names, strconv.Itoa(s.Percent))
		v.Table.Rows = append(v.Table.Rows, []string{strconv.Itoa(i + 1), fmt.Sprintf("%d%%", s.Percent), app.Clock(s.At), cost})
	}
	return v
}

func switchView(s operator.Switch) terminal.View {
	v := terminal.View{Doc: s, Names: []string{s.State}, Table: terminal.Table{
		Columns: []terminal.Column{{Name: "what"}, {Name: "how", Least: 20}}, Empty: "No provider was switched yet.",
	}}
	if s.State == operator.SwitchNone {
		return v
	}
	rows := [][]string{
		{"switch", s.From + " → " + s.To},
		{"state", strings.ReplaceAll(s.State, "_", " ")},
		{"step", fmt.Sprintf("%d of %d, %d%% of the tasks", s.Step, len(s.Steps), s.Percent)},
	}
	if s.State == operator.SwitchRunning {
		rows = append(rows,
			[]string{s.To, switchCallsText(s.ToCalls) + " in this step" + waiting(s)},
			[]string{s.From, switchCallsText(s.FromCalls) + " since it began"},
			[]string{"rolled back", fmt.Sprintf("below %.0f%%, or below %s", 100*s.Floor, s.From)},
			[]string{"next step", "not before " + app.Clock(s.NextAt)})
	}
	if s.EndedAt != nil {
		rows = append(rows, []string{"ended", app.Clock(*s.EndedAt)}, []string{"why", s.Why})
	}
	v.Table.Rows = rows
	return v
}

func switchCallsText(c operator.SwitchCalls) string {
	if c.Success == nil {
		return "no calls"
	}
	return fmt.Sprintf("%.0f%% of %d calls made a picture", 100**c.Success, c.Calls)
}

// waiting says how many calls a step still needs.
func waiting(s operator.Switch) string {
	if left := int64(s.Samples) - s.ToCalls.Calls; left > 0 {
		return fmt.Sprintf(", %d more are needed", left)
	}
	return ""
}
