package command

import (
	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/dev"
)

func newDev(a *App) *cobra.Command {
	c := dev.Defaults()
	cmd := &cobra.Command{
		Use: "dev", Short: "Run everything on this machine",
		Long: "Run everything on this machine: gateways with the embedded engine, workers, and the built-in mock model.\n" +
			"Prints one line `ready http://HOST:PORT admin http://HOST:PORT` on stdout when all is up; logs go to stderr.\n" +
			"Ctrl-C drains within ten seconds. Started again on the same --data, everything accepted is still there.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.Validate(); err != nil {
				return usageError{err}
			}
			return dev.Run(cmd.Context(), c, dev.Deps{Streams: a.Streams, Getenv: a.Getenv, Environ: a.Environ, Executable: a.Executable})
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
	f.BoolVar(&c.TLS, "tls", false, "mutual TLS between gateways and workers, with a throw-away authority")
	return cmd
}
