package command

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newCache(a *app.App) *cobra.Command {
	stats := a.Shows(&cobra.Command{Use: "stats", Short: "Show how much is cached", Args: cobra.NoArgs},
		func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
			s, err := c.CacheStats(ctx)
			return terminal.View{Doc: s, Names: []string{strconv.Itoa(s.Entries)}, Table: terminal.Table{
				Columns: []terminal.Column{{Name: "results", Right: true}, {Name: "sessions", Right: true}},
				Rows:    [][]string{{strconv.Itoa(s.Entries), strconv.Itoa(s.Sessions)}},
			}}, err
		})
	return app.Group("cache", "Results that equal tasks get at once and free", stats, newCachePurge(a))
}

func newCachePurge(a *app.App) *cobra.Command {
	var p operator.CachePurge
	var what string
	cmd := a.Acts(&cobra.Command{
		Use: "purge", Short: "Forget cached results of a session, of a style, or all",
		Long: "Forget cached results. The pictures stay with their tasks; equal tasks are made anew, and paid.\n" +
			"With --cdn the CDN drops its copies of the pictures, too, and fetches them again; this takes it minutes.",
		Example: "  imgctl cache purge --style ink --reason \"prompt fixed\"\n  imgctl cache purge --all --yes\n" +
			"  imgctl cache purge --session SESSION --cdn",
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) (err error) {
			what, err = purged(p)
			return err
		},
	}, func([]string) string { return fmt.Sprintf("Forget %s?", what) },
		func(ctx context.Context, c *operator.Client, _ []string, e operator.Edit) (terminal.View, error) {
			r, err := c.PurgeCache(ctx, p, e)
			switch {
			case err != nil:
				return terminal.View{}, err
			case r.DryRun:
				a.Talk("Dry run: nothing was forgotten. What single sessions and styles hold is counted while purging.")
			default:
				a.Talk("Forgot %s: %d.", what, r.Removed)
			}
			if r.CDN != "" {
				a.Talk("At the CDN: everything beneath %s", r.CDN)
			}
			return terminal.View{Doc: r, Names: []string{strconv.Itoa(r.Removed)}, Table: terminal.Table{
				Columns: []terminal.Column{{Name: "removed", Right: true}}, Rows: [][]string{{strconv.Itoa(r.Removed)}},
			}}, nil
		})
	f := cmd.Flags()
	f.StringVar((*string)(&p.Session), "session", "", "results of this `session`")
	f.StringVar(&p.Style, "style", "", "results in this `style`")
	f.BoolVar(&p.All, "all", false, "all results")
	f.BoolVar(&p.CDN, "cdn", false, "the copies of a CDN, too; with --session or --all")
	return cmd
}

// purged names what is chosen, and insists that there is exactly one choice.
func purged(p operator.CachePurge) (string, error) {
	switch {
	case p.CDN && p.Style != "":
		return "", app.Usage("a CDN knows no styles: give --session or --all with --cdn")
	case p.CDN && p.All:
		return "all cached results, and all pictures at the CDN", nil
	case p.All && p.Session == "" && p.Style == "":
		return "all cached results", nil
	case !p.All && p.Session != "" && p.Style == "":
		if p.CDN {
			return "the cached results of session " + string(p.Session) + ", and its pictures at the CDN", nil
		}
		return "the cached results of session " + string(p.Session), nil
	case !p.All && p.Session == "" && p.Style != "":
		return "the cached results in style " + p.Style, nil
	default:
		return "", app.Usage("give exactly one of --session, --style and --all")
	}
}
