package command

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type promptRenderOptions struct {
	app   *app.App
	ask   operator.PromptRequest
	photo string
}

func newPromptRender(a *app.App) *cobra.Command {
	o := &promptRenderOptions{app: a}
	cmd := &cobra.Command{
		Use: "render", Short: "Show exactly what a model would be sent",
		Long:    "Show exactly what a model would be sent for a style and a place of the catalogue in force. --model is a\nname of `imgctl prompt models` or of a configured provider, or a model's id. Text is never shortened here: use -o json for machines.",
		Example: "  imgctl prompt render --style ink-wash --place bund --model seedream-4.0 --note \"戴红帽子\"",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.ask.Style, "style", "", "`id` of a style")
	f.StringVar(&o.ask.Place, "place", "", "`id` of a place")
	f.StringVar(&o.ask.Model, "model", "", "`name` or id of a model, or name of a provider")
	f.StringVar(&o.ask.Note, "note", "", "a person's `words`")
	f.StringVar(&o.ask.Language, "lang", "", "`language` instead of the model's: zh or en")
	f.StringVar(&o.ask.Aspect, "aspect", "", "`ratio` such as 3:4, or original")
	f.StringVar(&o.ask.Resolution, "resolution", "", "`size` such as 1k or 2k")
	f.IntVar(&o.ask.Steps, "steps", 0, "`number` of steps")
	f.Float64Var(&o.ask.CFG, "cfg", 0, "`guidance`")
	f.Int64Var(&o.ask.Seed, "seed", 0, "`number` that the picture is drawn from")
	f.StringVar(&o.photo, "photo", "1536x2048", "`WIDTHxHEIGHT` of the photo")
	app.Must(cmd.RegisterFlagCompletionFunc("model", a.CompleteFlag(func(ctx context.Context, c *operator.Client) ([]string, error) {
		list, err := c.Models(ctx)
		if err != nil {
			return nil, err
		}
		names := modelsView(list).Names
		providers, err := c.Providers(ctx)
		for _, p := range providers {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
		return names, err
	})))
	return cmd
}

func (o *promptRenderOptions) run(ctx context.Context) error {
	if o.ask.Style == "" || o.ask.Place == "" || o.ask.Model == "" {
		return app.Usage("--style, --place and --model are needed")
	}
	if _, err := fmt.Sscanf(o.photo, "%dx%d", &o.ask.PhotoWidth, &o.ask.PhotoHeight); err != nil || o.ask.PhotoWidth < 1 || o.ask.PhotoHeight < 1 {
		return app.Usage("--photo must be such as 1536x2048, is %q", o.photo)
	}
	return o.app.Call(ctx, func(ctx context.Context, c *operator.Client) error {
		p, err := c.RenderPrompt(ctx, o.ask)
		if err != nil {
			return err
		}
		format := o.app.Format
		if format == terminal.FormatTable {
			format = terminal.FormatWide // a table would cut the text to the window
		}
		return o.app.Streams.Print(format, promptView(p))
	})
}
