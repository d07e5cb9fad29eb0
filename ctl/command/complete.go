package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// complete offers names that the gateway knows for the first argument. It
// stays silent when the gateway does not answer: nobody wants errors on TAB.
func (a *App) complete(names func(context.Context, *operator.Client) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
		defer cancel()
		var out []string
		_ = a.call(ctx, func(ctx context.Context, c *operator.Client) (err error) {
			out, err = names(ctx, c)
			return err
		})
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag offers names for a flag.
func (a *App) completeFlag(names func(context.Context, *operator.Client) ([]string, error)) cobra.CompletionFunc {
	offer := a.complete(names)
	return func(cmd *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return offer(cmd, nil, word)
	}
}

func (a *App) completeContexts(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, err := contexts.At(a.Getenv).Load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.Names(), cobra.ShellCompDirectiveNoFileComp
}

func (a *App) completeProviders() cobra.CompletionFunc {
	return a.complete(named((*operator.Client).Providers, func(p operator.Provider) string { return p.Name }))
}

func (a *App) completeExperiments() cobra.CompletionFunc {
	return a.complete(named((*operator.Client).Experiments, func(e operator.ExperimentStatus) string { return e.Name }))
}

func (a *App) completeCampaigns() cobra.CompletionFunc {
	return a.complete(named((*operator.Client).Campaigns, func(c operator.CampaignStatus) string { return c.Name }))
}

func (a *App) completeWorkers() cobra.CompletionFunc {
	return a.complete(named((*operator.Client).Workers, func(w operator.Worker) string { return w.ID }))
}

func (a *App) completeTasks() cobra.CompletionFunc {
	list := func(c *operator.Client, ctx context.Context) ([]operator.Task, error) {
		return c.Tasks(ctx, operator.TaskFilter{Limit: 50})
	}
	return a.complete(named(list, func(t operator.Task) string { return string(t.TaskID) }))
}

// named asks for a list and gives the name of each of its entries.
func named[T any](list func(*operator.Client, context.Context) ([]T, error), name func(T) string) func(context.Context, *operator.Client) ([]string, error) {
	return func(ctx context.Context, c *operator.Client) ([]string, error) {
		all, err := list(c, ctx)
		names := make([]string, len(all))
		for i, x := range all {
			names[i] = name(x)
		}
		return names, err
	}
}
