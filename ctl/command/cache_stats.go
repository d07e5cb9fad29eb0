package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type cacheStatsOptions struct{ showOptions }

func newCacheStats(a *App) *cobra.Command {
	o := &cacheStatsOptions{showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "stats", Short: "Show how much is cached", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}

func (o *cacheStatsOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		s, err := c.CacheStats(ctx)
		return terminal.View{Doc: s, Names: []string{strconv.Itoa(s.Entries)}, Table: terminal.Table{
			Columns: []terminal.Column{{Name: "results", Right: true}, {Name: "sessions", Right: true}},
			Rows:    [][]string{{strconv.Itoa(s.Entries), strconv.Itoa(s.Sessions)}},
		}}, err
	})
}
