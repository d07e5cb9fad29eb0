package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newEngine(a *app.App) *cobra.Command {
	status := a.Shows(&cobra.Command{
		Use: "status", Short: "Show every stream: replicas, leader, size, lag",
		Long: "Show every stream of the engine. \"2 of 3\" replicas means that the third has not everything yet, or is away;\n" +
			"lag is how many messages the slowest has yet to get. A stream without a leader takes nothing.",
		Args: cobra.NoArgs,
	}, app.Of((*operator.Client).Engine, engineView))
	return app.Group("engine", "Where tasks and state are kept", status, newEngineApply(a))
}

func newEngineApply(a *app.App) *cobra.Command {
	var want operator.EngineApply
	cmd := a.Acts(&cobra.Command{
		Use: "apply", Short: "Make the streams as the gateway's configuration says",
		Long: "Make the streams as the configuration of the gateway that answers says. A start of a gateway only creates and\n" +
			"adds; what else differs is the alarm engine_differs until it is applied. --replicas N gives every stream N\n" +
			"replicas. Look first with --dry-run.",
		Example: "  imgctl engine apply --dry-run\n  imgctl engine apply --replicas 3 --reason \"the cluster has three nodes now\"",
		Args:    cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("replicas") && (want.Replicas < 1 || want.Replicas > 5) {
				return app.Usage("--replicas must be 1…5, is %d", want.Replicas)
			}
			return nil
		},
	}, func([]string) string { return "Change streams that hold tasks and state?" },
		func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (terminal.View, error) {
			done, err := c.ApplyEngine(ctx, want, e)
			if err != nil {
				return terminal.View{}, err
			}
			return appliedView(done), tellApplied(ctx, a, c, done)
		})
	cmd.Flags().IntVar(&want.Replicas, "replicas", 0, "give every stream `N` replicas, whatever the configuration says")
	return cmd
}

// tellApplied says what came of it, and follows the copying until every stream
// has all its replicas.
func tellApplied(ctx context.Context, a *app.App, c *operator.Client, done operator.EngineApplied) error {
	failed := 0
	for _, d := range done.Changes {
		if d.Problem != "" {
			failed++
		}
	}
	switch {
	case len(done.Changes) == 0:
		a.Talk("Nothing to change: the engine is as configured.")
	case done.DryRun:
		a.Talk("Dry run: nothing was changed.")
	case failed == 0:
		a.Talk("Changed %d.", len(done.Changes))
	}
	if done.Note != "" && len(done.Changes) > 0 {
		a.Talk("Next: %s.", done.Note)
	}
	if failed > 0 {
		return errors.Join(a.Print(appliedView(done)), fmt.Errorf("%d of %d could not be changed", failed, len(done.Changes)))
	}
	if !done.DryRun && len(done.Changes) > 0 {
		followCopies(ctx, a, c)
	}
	return nil
}

// followCopies says how many streams have all their replicas whenever that
// changes, for as long as one call may take.
func followCopies(ctx context.Context, a *app.App, c *operator.Client) {
	for told := -1; ; {
		all, err := c.Engine(ctx)
		whole := 0
		for _, s := range all {
			if s.Current >= s.Replicas {
				whole++
			}
		}
		if err == nil && whole != told {
			told = whole
			a.Talk("%d of %d streams have all their replicas.", whole, len(all))
		}
		if err == nil && whole == len(all) {
			return
		}
		if app.Pause(ctx, a.WatchEvery) != nil {
			a.Talk("Copying goes on: imgctl engine status --watch")
			return
		}
	}
}

func appliedView(done operator.EngineApplied) terminal.View {
	v := terminal.View{Doc: done, Table: terminal.Table{Columns: []terminal.Column{
		{Name: "stream", Least: 8}, {Name: "option", Least: 8}, {Name: "has", Least: 6}, {Name: "wants", Least: 6}, {Name: "problem", Least: 8},
	}}}
	for _, d := range done.Changes {
		v.Names = append(v.Names, cmp.Or(d.Stream, d.Option))
		v.Table.Rows = append(v.Table.Rows, []string{cmp.Or(d.Stream, "(shared)"), d.Option, d.Has, d.Wants, d.Problem})
	}
	return v
}

func engineView(all []operator.Stream) terminal.View {
	number := func(name string) terminal.Column { return terminal.Column{Name: name, Right: true} }
	return app.ListView(all, terminal.Table{
		Columns: []terminal.Column{{Name: "stream", Least: 8}, number("replicas"), {Name: "leader", Least: 8}, number("messages"), number("size"), number("lag")},
		Empty:   "The engine has no stream.",
	}, func(s operator.Stream) []string {
		replicas := strconv.Itoa(s.Replicas)
		if s.Current != s.Replicas {
			replicas = fmt.Sprintf("%d of %d", s.Current, s.Replicas)
		}
		return []string{
			s.Stream, replicas, cmp.Or(s.Leader, "none"), strconv.FormatUint(s.Messages, 10), bytesText(int64(s.Bytes)), strconv.FormatUint(s.Lag, 10),
		}
	})
}
