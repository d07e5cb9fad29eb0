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
	return a.complete(func(ctx context.Context, c *operator.Client) ([]string, error) {
		ps, err := c.Providers(ctx)
		names := make([]string, len(ps))
		for i, p := range ps {
			names[i] = p.Name
		}
		return names, err
	})
}

func (a *App) completeExperiments() cobra.CompletionFunc {
	return a.complete(func(ctx context.Context, c *operator.Client) ([]string, error) {
		es, err := c.Experiments(ctx)
		names := make([]string, len(es))
		for i, e := range es {
			names[i] = e.Name
		}
		return names, err
	})
}

func (a *App) completeWorkers() cobra.CompletionFunc {
	return a.complete(func(ctx context.Context, c *operator.Client) ([]string, error) {
		ws, err := c.Workers(ctx)
		names := make([]string, len(ws))
		for i, w := range ws {
			names[i] = w.ID
		}
		return names, err
	})
}

func (a *App) completeTasks() cobra.CompletionFunc {
	return a.complete(func(ctx context.Context, c *operator.Client) ([]string, error) {
		ts, err := c.Tasks(ctx, operator.TaskFilter{Limit: 50})
		names := make([]string, len(ts))
		for i, t := range ts {
			names[i] = string(t.TaskID)
		}
		return names, err
	})
}
