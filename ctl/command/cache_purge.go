package command

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type cachePurgeOptions struct {
	editOptions
	purge operator.CachePurge
}

func newCachePurge(a *App) *cobra.Command {
	o := &cachePurgeOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "purge", Short: "Forget cached results of a session, of a style, or all",
		Long: "Forget cached results. The pictures stay with their tasks; equal tasks are made anew, and paid.\n" +
			"With --cdn the CDN drops its copies of the pictures, too, and fetches them again; this takes it minutes.",
		Example: "  imgctl cache purge --style ink --reason \"prompt fixed\"\n  imgctl cache purge --all --yes\n" +
			"  imgctl cache purge --session SESSION --cdn",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar((*string)(&o.purge.Session), "session", "", "results of this `session`")
	f.StringVar(&o.purge.Style, "style", "", "results in this `style`")
	f.BoolVar(&o.purge.All, "all", false, "all results")
	f.BoolVar(&o.purge.CDN, "cdn", false, "the copies of a CDN, too; with --session or --all")
	o.flags(cmd)
	return cmd
}

func (o *cachePurgeOptions) run(ctx context.Context) error {
	what, err := o.what()
	if err != nil {
		return err
	}
	if err := o.confirm(fmt.Sprintf("Forget %s?", what)); err != nil {
		return err
	}
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		r, err := c.PurgeCache(ctx, o.purge, o.edit())
		if err != nil {
			return err
		}
		if r.DryRun {
			o.app.talk("Dry run: nothing was forgotten. What single sessions and styles hold is counted while purging.")
		} else {
			o.app.talk("Forgot %s: %d.", what, r.Removed)
		}
		if r.CDN != "" {
			o.app.talk("At the CDN: everything beneath %s", r.CDN)
		}
		return o.app.print(terminal.View{Doc: r, Names: []string{strconv.Itoa(r.Removed)}, Table: terminal.Table{
			Columns: []terminal.Column{{Name: "removed", Right: true}}, Rows: [][]string{{strconv.Itoa(r.Removed)}},
		}})
	})
}

// what names the choice, and insists that there is exactly one.
func (o *cachePurgeOptions) what() (string, error) {
	p := o.purge
	switch {
	case p.CDN && p.Style != "":
		return "", usage("a CDN knows no styles: give --session or --all with --cdn")
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
		return "", usage("give exactly one of --session, --style and --all")
	}
}
