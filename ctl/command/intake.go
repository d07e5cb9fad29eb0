package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newIntake(a *App) *cobra.Command {
	return group("intake", "Whether new tasks are accepted", newIntakePause(a), newIntakeResume(a))
}

type intakeOptions struct {
	editOptions
	want operator.Intake
}

func (o *intakeOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.ChangeIntake(ctx, o.want, o.edit())
	})
}

func newIntakePause(a *App) *cobra.Command {
	o := &intakeOptions{editOptions: editOptions{app: a}, want: operator.Intake{Paused: true}}
	var length time.Duration
	cmd := &cobra.Command{
		Use: "pause", Short: "Refuse new tasks; accepted ones go on",
		Example: "  imgctl intake pause --for 10m --reason \"moving the engine\"",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if length < 0 {
				return usage("--for must be positive, is %v", length)
			}
			if length > 0 {
				until := time.Now().Add(length).UTC().Truncate(time.Second)
				o.want.Until = &until
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().DurationVar(&length, "for", 0, "resume by itself after this `long`; 0 waits for `imgctl intake resume`")
	o.flags(cmd)
	return cmd
}

func newIntakeResume(a *App) *cobra.Command {
	o := &intakeOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "resume", Short: "Accept new tasks again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}
