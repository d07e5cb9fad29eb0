package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newWorker(a *App) *cobra.Command {
	return group("worker", "The fleet that talks to providers", newWorkerLs(a), newWorkerDrain(a, true), newWorkerDrain(a, false))
}

func workersView(ws []operator.Worker, now time.Time) terminal.View {
	v := terminal.View{Doc: ws, Table: terminal.Table{
		Columns: []terminal.Column{
			{Name: "worker"}, {Name: "region"}, {Name: "state"}, {Name: "busy", Right: true}, {Name: "providers", Least: 9}, {Name: "seen", Right: true},
			{Name: "reason", Least: 8}, {Name: "address", Wide: true}, {Name: "version", Wide: true},
		},
		Empty: "No workers are registered.",
	}}
	for _, w := range ws {
		v.Names = append(v.Names, w.ID)
		v.Table.Rows = append(v.Table.Rows, []string{
			w.ID, w.Region, workerState(w), fmt.Sprintf("%d/%d", w.InFlight, w.Capacity), strings.Join(w.Providers, ","), seen(w, now),
			w.Reason, w.Address, w.Version,
		})
	}
	return v
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
