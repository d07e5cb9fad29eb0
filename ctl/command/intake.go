package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newIntake(a *app.App) *cobra.Command {
	var length time.Duration
	pause := a.Changes(&cobra.Command{
		Use: "pause", Short: "Refuse new tasks; accepted ones go on",
		Example: "  imgctl intake pause --for 10m --reason \"moving the engine\"",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if length < 0 {
				return app.Usage("--for must be positive, is %v", length)
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
		want := operator.Intake{Paused: true}
		if length > 0 {
			until := time.Now().Add(length).UTC().Truncate(time.Second)
			want.Until = &until
		}
		return c.ChangeIntake(ctx, want, e)
	})
	pause.Flags().DurationVar(&length, "for", 0, "resume by itself after this `long`; 0 waits for `imgctl intake resume`")
	resume := a.Changes(&cobra.Command{Use: "resume", Short: "Accept new tasks again", Args: cobra.NoArgs},
		func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (operator.Change, error) {
			return c.ChangeIntake(ctx, operator.Intake{}, e)
		})
	return app.Group("intake", "Whether new tasks are accepted", pause, resume)
}
