package app

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

const completeTimeout = 2 * time.Second

// Complete offers names that the gateway knows for the first argument. When
// the gateway does not answer, it offers nothing and shows no error.
func (a *App) Complete(names func(context.Context, *operator.Client) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
		defer cancel()
		var out []string
		_ = a.Call(ctx, func(ctx context.Context, c *operator.Client) (err error) {
			out, err = names(ctx, c)
			return err
		})
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteFlag offers names for a flag.
func (a *App) CompleteFlag(names func(context.Context, *operator.Client) ([]string, error)) cobra.CompletionFunc {
	offer := a.Complete(names)
	return func(cmd *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return offer(cmd, nil, word)
	}
}

// CompleteContexts offers the contexts that are remembered.
func (a *App) CompleteContexts(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, err := contexts.At(a.Getenv).Load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.Names(), cobra.ShellCompDirectiveNoFileComp
}

// Named asks for a list and gives the name of each of its entries.
func Named[T any](list func(*operator.Client, context.Context) ([]T, error), name func(T) string) func(context.Context, *operator.Client) ([]string, error) {
	return func(ctx context.Context, c *operator.Client) ([]string, error) {
		all, err := list(c, ctx)
		names := make([]string, len(all))
		for i, x := range all {
			names[i] = name(x)
		}
		return names, err
	}
}
