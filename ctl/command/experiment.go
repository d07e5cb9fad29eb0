package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newExperiment(a *app.App) *cobra.Command {
	ls := a.Shows(&cobra.Command{Use: "ls", Short: "List the experiments, the newest first", Args: cobra.NoArgs},
		app.Of((*operator.Client).Experiments, experimentsView))
	stop := a.Changes(&cobra.Command{
		Use: "stop NAME", Short: "End an experiment: tasks are made as without it",
		Long: "End an experiment: from then on tasks are made as without it. Tasks on their way keep their arm.\n" +
			"To keep the best arm, use imgctl provider weight or imgctl catalog apply.",
		Example: "  imgctl experiment stop sky --reason \"new is better\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: completeExperiments(a),
	}, func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (operator.Change, error) {
		return c.StopExperiment(ctx, args[0], e)
	})
	return app.Group("experiment", "Compare models, words and numbers on real tasks", newExperimentCreate(a), ls, newExperimentReport(a), stop)
}

func experimentsView(list []operator.ExperimentStatus) terminal.View {
	return app.ListView(list, terminal.Table{
		Columns: []terminal.Column{
			{Name: "experiment", Least: 10}, {Name: "state"}, {Name: "split"}, {Name: "traffic", Right: true}, {Name: "arms", Least: 17}, {Name: "started"},
			{Name: "stopped", Wide: true}, {Name: "why", Wide: true},
		},
		Empty: "No experiments yet.",
	}, func(e operator.ExperimentStatus) []string {
		arms := make([]string, len(e.Arms))
		for i, a := range e.Arms {
			arms[i] = armText(a)
		}
		return []string{
			e.Name, e.State, string(e.Split), fmt.Sprintf("%d%%", e.Traffic), strings.Join(arms, " "), app.Clock(e.StartedAt), said(e.EndedAt, "–", app.Clock), e.Why,
		}
	})
}
