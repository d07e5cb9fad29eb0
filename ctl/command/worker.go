package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newWorker(a *app.App) *cobra.Command {
	ls := a.Shows(&cobra.Command{Use: "ls", Short: "List the workers", Args: cobra.NoArgs},
		app.Of((*operator.Client).Workers, app.Timed(workersView)))
	drain := func(use, short string, drain bool) *cobra.Command {
		return a.Changes(&cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: completeWorkers(a)},
			func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error) {
				return c.ChangeWorker(ctx, args[0], operator.WorkerPatch{Drain: drain}, e)
			})
	}
	return app.Group("worker", "The fleet that talks to providers", ls,
		drain("drain WORKER", "Give a worker no new attempts; running ones end", true),
		drain("undrain WORKER", "Give a worker attempts again", false))
}

func workersView(ws []operator.Worker, now time.Time) terminal.View {
	return app.ListView(ws, terminal.Table{
		Columns: []terminal.Column{
			{Name: "worker"}, {Name: "region"}, {Name: "state"}, {Name: "busy", Right: true}, {Name: "providers", Least: 9}, {Name: "seen", Right: true},
			{Name: "reason", Least: 8}, {Name: "address", Wide: true}, {Name: "version", Wide: true},
		},
		Empty: "No workers are registered.",
	}, func(w operator.Worker) []string {
		return []string{
			w.ID, w.Region, workerState(w), fmt.Sprintf("%d/%d", w.InFlight, w.Capacity), strings.Join(w.Providers, ","), seen(w, now),
			w.Reason, w.Address, w.Version,
		}
	})
}

func workerState(w operator.Worker) string {
	switch {
	case !w.Present && w.Drained:
		return "away, drained"
	case !w.Present:
		return "away"
	case w.Drained:
		return "drained"
	case w.Draining:
		return "stopping"
	default:
		return "ready"
	}
}

// seen is coarse on purpose: a watched list should move when something
// happens, not with every heartbeat.
func seen(w operator.Worker, now time.Time) string {
	switch since := now.Sub(w.LastSeen); {
	case !w.Present:
		return "–"
	case since < 3*time.Second:
		return "now"
	default:
		return age(since)
	}
}
