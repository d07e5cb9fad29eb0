package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newExperimentCreate(a *app.App) *cobra.Command {
	var e operator.Experiment
	var arms []string
	cmd := a.Changes(&cobra.Command{
		Use: "create NAME --arm NAME=PROVIDER[,KEY=VALUE…] --arm …", Short: "Divide the sessions among two to eight arms",
		Long: "Divide the sessions among two to eight arms. An arm is a provider, which is one model, and may have\n" +
			"  model=MODEL       must be the provider's; two models of a vendor are two providers\n" +
			"  catalog=VERSION   the words of that catalogue (imgctl catalog show --help)\n" +
			"  aspect=, resolution=, steps=, cfg=, strength=   where the person chose none\n" +
			"  weight=N          its share of the sessions, 1 unless given\n" +
			"A session keeps its arm for as long as the experiment runs. With --split thompson an arm gets as many\n" +
			"sessions as it is probable that it is the best by success, latency, price and what people think, at least\n" +
			"2%; sessions then move to arms that gain. The arm's provider is asked first, whatever its own weight.\n" +
			"When it fails, is switched off or is out of money, the others follow as always. One experiment runs at a\n" +
			"time.",
		Example: "  imgctl experiment create sky --arm now=seedream --arm new=qianfan --dry-run\n" +
			"  imgctl experiment create best --split thompson --arm a=seedream --arm b=qianfan --arm c=dashscope\n" +
			"  imgctl experiment create steps --arm short=qianfan,steps=20 --arm long=qianfan,steps=40 --traffic 30\n" +
			"  imgctl experiment create words --arm old=seedream,catalog=1003 --arm new=seedream,catalog=1004,weight=3",
		Args: cobra.ExactArgs(1),
		PreRunE: func(*cobra.Command, []string) error {
			switch {
			case len(arms) < 2:
				return app.Usage("give at least two --arm")
			case e.Split != operator.SplitWeights && e.Split != operator.SplitThompson:
				return app.Usage("--split must be weights or thompson, is %q", e.Split)
			case e.Traffic < 1 || e.Traffic > 100:
				return app.Usage("--traffic must be 1…100, is %d", e.Traffic)
			}
			for _, s := range arms {
				arm, err := parseArm(s)
				if err != nil {
					return err
				}
				e.Arms = append(e.Arms, arm)
			}
			return nil
		},
	}, func(ctx context.Context, c *operator.Client, args []string, edit operator.Edit) (operator.Change, error) {
		return c.StartExperiment(ctx, args[0], e, edit)
	})
	f := cmd.Flags()
	f.StringArrayVar(&arms, "arm", nil, "an `arm`, twice or more")
	f.StringVar((*string)(&e.Split), "split", string(operator.SplitWeights), "`how` sessions are divided: weights or thompson")
	f.IntVar(&e.Traffic, "traffic", 100, "`percent` of the sessions that take part")
	return cmd
}
