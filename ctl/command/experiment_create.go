package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

type experimentCreateOptions struct {
	editOptions
	start operator.ExperimentStart
	arms  []string
}

func newExperimentCreate(a *App) *cobra.Command {
	o := &experimentCreateOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "create NAME --arm NAME=PROVIDER[,KEY=VALUE…] --arm …", Short: "Divide the sessions among two to eight arms",
		Long: "Divide the sessions among two to eight arms. An arm is a provider, which is one model, and may have\n" +
			"  model=MODEL       must be the provider's; two models of a vendor are two providers\n" +
			"  catalog=VERSION   the words of that catalogue (imgctl catalog show --help)\n" +
			"  aspect=, resolution=, steps=, cfg=, strength=   where the person chose none\n" +
			"  weight=N          its share of the sessions, 1 unless given\n" +
			"A session keeps its arm for as long as the experiment runs. With --split thompson the arms get as many\n" +
			"sessions as they are probably the best by success, latency, price and what people think, each at least\n" +
			"2%; sessions then move to arms that gain. The arm's provider is asked first, whatever\n" +
			"its own weight; when it fails, or is switched off or out of money, the others follow as always. One\n" +
			"experiment runs at a time.",
		Example: "  imgctl experiment create sky --arm now=seedream --arm new=qianfan --dry-run\n" +
			"  imgctl experiment create best --split thompson --arm a=seedream --arm b=qianfan --arm c=dashscope\n" +
			"  imgctl experiment create steps --arm short=qianfan,steps=20 --arm long=qianfan,steps=40 --traffic 30\n" +
			"  imgctl experiment create words --arm old=seedream,catalog=1003 --arm new=seedream,catalog=1004,weight=3",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.parse(args[0]); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.arms, "arm", nil, "an `arm`, twice or more")
	f.StringVar(&o.start.Split, "split", operator.SplitWeights, "`how` sessions are divided: weights or thompson")
	f.IntVar(&o.start.Traffic, "traffic", 100, "`percent` of the sessions that take part")
	o.flags(cmd)
	return cmd
}

func (o *experimentCreateOptions) parse(name string) error {
	o.start.Name = name
	if len(o.arms) < 2 {
		return usage("give at least two --arm")
	}
	if o.start.Split != operator.SplitWeights && o.start.Split != operator.SplitThompson {
		return usage("--split must be weights or thompson, is %q", o.start.Split)
	}
	if o.start.Traffic < 1 || o.start.Traffic > 100 {
		return usage("--traffic must be 1…100, is %d", o.start.Traffic)
	}
	for _, s := range o.arms {
		a, err := parseArm(s)
		if err != nil {
			return err
		}
		o.start.Arms = append(o.start.Arms, a)
	}
	return nil
}

func (o *experimentCreateOptions) run(ctx context.Context) error {
	return o.change(ctx, func(ctx context.Context, c *operator.Client) (operator.Change, error) {
		return c.StartExperiment(ctx, o.start, o.edit())
	})
}
