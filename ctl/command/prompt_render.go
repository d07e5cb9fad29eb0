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

func newPromptRender(a *app.App) *cobra.Command {
	var ask operator.PromptRequest
	var photo string
	cmd := a.Reads(&cobra.Command{
		Use: "render", Short: "Show exactly what a model would be sent",
		Long:    "Show exactly what a model would be sent for a style and a place of the catalogue in force. --model is a\nname of `imgctl prompt models` or of a configured provider, or a model's id. Text is never shortened here: use -o json for machines.",
		Example: "  imgctl prompt render --style ink-wash --place bund --model seedream-4.0 --note \"戴红帽子\"",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if ask.Style == "" || ask.Place == "" || ask.Model == "" {
				return app.Usage("--style, --place and --model are needed")
			}
			if _, err := fmt.Sscanf(photo, "%dx%d", &ask.PhotoWidth, &ask.PhotoHeight); err != nil || ask.PhotoWidth < 1 || ask.PhotoHeight < 1 {
				return app.Usage("--photo must be such as 1536x2048, is %q", photo)
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		p, err := c.RenderPrompt(ctx, ask)
		return promptView(p), err
	})
	f := cmd.Flags()
	f.StringVar(&ask.Style, "style", "", "`id` of a style")
	f.StringVar(&ask.Place, "place", "", "`id` of a place")
	f.StringVar(&ask.Model, "model", "", "`name` or id of a model, or name of a provider")
	f.StringVar(&ask.Note, "note", "", "a person's `words`")
	f.StringVar(&ask.Language, "lang", "", "`language` instead of the model's: zh or en")
	f.StringVar(&ask.Aspect, "aspect", "", "`ratio` such as 3:4, or original")
	f.StringVar(&ask.Resolution, "resolution", "", "`size` such as 1k or 2k")
	f.IntVar(&ask.Steps, "steps", 0, "`number` of steps")
	f.Float64Var(&ask.CFG, "cfg", 0, "`guidance`")
	f.Int64Var(&ask.Seed, "seed", 0, "`number` that the picture is drawn from")
	f.StringVar(&photo, "photo", "1536x2048", "`WIDTHxHEIGHT` of the photo")
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
