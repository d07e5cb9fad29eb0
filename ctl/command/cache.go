package command

import "github.com/spf13/cobra"

func newCache(a *App) *cobra.Command {
	return group("cache", "Results that equal tasks get at once and free", newCacheStats(a), newCachePurge(a))
}
