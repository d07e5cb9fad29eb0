package command

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/dev"
)

func newDev(a *app.App) *cobra.Command {
	c := dev.Defaults()
	cmd := &cobra.Command{
		Use: "dev", Short: "Run everything on this machine",
		Long: "Run everything on this machine: gateways with the embedded engine, workers, and the built-in mock model.\n" +
			"Prints one line `ready http://HOST:PORT admin http://HOST:PORT` on stdout when all is up; logs go to stderr.\n" +
			"Ctrl-C drains within ten seconds. Started again on the same --data, everything accepted is still there.\n\n" +
			"--simulate replaces the configured providers by vendors that are played on this machine: the real drivers, no key, nothing paid.\n" +
			"Each is a kind (seedream, dashscope, qianfan, hunyuan, …; also mock) and, as a query string, how it behaves:\n" +
			"  median, p95       time of a picture, as in median=4s&p95=9s\n" +
			"  queue             how long a job waits before the vendor begins it; until then some let it be canceled\n" +
			"  slots             pictures at once; past it the vendor says that the rate is exceeded\n" +
			"  allowance         pictures until the rate is exceeded for good; vendors that tell what is left (openai) tell it\n" +
			"  side              long side of pictures at most, to spare this machine\n" +
			"  rate, transient, timeout, quota, content, auth, input\n" +
			"                    share of calls that fail so, 0…1; job.content and poll.rate are later in a job's life\n" +
			"  reset, hang, malformed, truncated, oversized, slowheaders, slowbody, expired, nopicture\n" +
			"                    share of answers that break so\n" +
			"  name, model, weight, priceFen, maxConcurrent, timeout, region, dialect\n" +
			"                    as in the providers list; a timeout is a time (60s) there, and a share (0.1) above",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.Validate(); err != nil {
				return app.Usage("%w", err)
			}
			err := dev.Run(cmd.Context(), c, dev.Deps{Streams: a.Streams, Getenv: a.Getenv, Environ: a.Environ, Executable: a.Executable})
			if errors.Is(err, dev.ErrRefused) {
				return app.Usage("%w", err)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.HTTP, "http", c.HTTP, "public `address`; a busy default moves to the next port")
	f.StringVar(&c.Admin, "admin", c.Admin, "admin `address`, likewise")
	f.StringVar(&c.Data, "data", c.Data, "`directory` for everything that lasts")
	f.IntVar(&c.Workers, "workers", c.Workers, "`number` of workers")
	f.StringSliceVar(&c.Regions, "regions", c.Regions, "`names` of regions to spread the workers over")
	f.IntVar(&c.Gateways, "gateways", c.Gateways, "`number` of gateways; the first hosts the engine")
	f.StringVar(&c.File, "config", "", "YAML configuration `file` for all children")
	f.BoolVar(&c.NoContext, "no-context", false, "do not select an imgctl context")
	f.StringSliceVar(&c.Simulate, "simulate", nil, "`vendors` to play instead of the configured providers, as in 'seedream?median=4s&rate=0.05,hunyuan'; no key is needed, nothing is paid")
	f.BoolVar(&c.TLS, "tls", false, "mutual TLS between gateways and workers, with a throw-away authority")
	return cmd
}
