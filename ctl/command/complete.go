package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func completeProviders(a *app.App) cobra.CompletionFunc {
	return a.Complete(app.Named((*operator.Client).Providers, func(p operator.Provider) string { return p.Name }))
}

func completeExperiments(a *app.App) cobra.CompletionFunc {
	return a.Complete(app.Named((*operator.Client).Experiments, func(e operator.ExperimentStatus) string { return e.Name }))
}

func completeCampaigns(a *app.App) cobra.CompletionFunc {
	return a.Complete(app.Named((*operator.Client).Campaigns, func(c operator.CampaignStatus) string { return c.Name }))
}

func completeWorkers(a *app.App) cobra.CompletionFunc {
	return a.Complete(app.Named((*operator.Client).Workers, func(w operator.Worker) string { return w.ID }))
}

func completeTasks(a *app.App) cobra.CompletionFunc {
	list := func(c *operator.Client, ctx context.Context) ([]operator.Task, error) {
		return c.Tasks(ctx, operator.TaskFilter{Limit: 50})
	}
	return a.Complete(app.Named(list, func(t operator.Task) string { return string(t.TaskID) }))
}
