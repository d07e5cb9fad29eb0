package command

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

type contextAddOptions struct {
	app     *app.App
	context contexts.Context
	pick    bool
}

func newContextAdd(a *app.App) *cobra.Command {
	o := &contextAddOptions{app: a}
	cmd := &cobra.Command{
		Use: "add NAME --server URL --token-file FILE", Short: "Remember a gateway, or change what is remembered",
		Example: "  imgctl context add prod --server https://admin.example.com --token-file ~/.secrets/prod.token --ca-file ca.crt --select",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.context.Name = args[0]
			return o.run()
		},
	}
	cmd.Flags().BoolVar(&o.pick, "select", false, "select it too")
	return cmd
}

func (o *contextAddOptions) run() error {
	if err := o.check(); err != nil {
		return err
	}
	file := contexts.At(o.app.Getenv)
	err := file.Update(func(c *contexts.Config) error {
		c.Put(o.context)
		if o.pick || c.Current == "" {
			c.Current = o.context.Name
		}
		return nil
	})
	if err == nil {
		o.app.Talk("Context %s is remembered in %s.", o.context.Name, file.Path())
	}
	return err
}

// check fills in the server and the token file from the global flags; paths
// are kept absolute, because imgctl is called from anywhere.
func (o *contextAddOptions) check() (err error) {
	if o.context.Name == "" || strings.ContainsAny(o.context.Name, " \t\n/") {
		return app.Usage("a context's name must be one word, is %q", o.context.Name)
	}
	o.context.Server, o.context.InsecureHTTP = o.app.Server, o.app.Insecure
	if err := operator.ValidateServer(o.context.Server, o.context.InsecureHTTP); err != nil {
		return app.Usage("--%v", err)
	}
	for _, path := range []struct {
		to   *string
		from string
	}{{&o.context.TokenFile, o.app.TokenFile}, {&o.context.CAFile, o.app.CAFile}} {
		if *path.to = path.from; path.from == "" {
			continue
		}
		if *path.to, err = filepath.Abs(path.from); err != nil {
			return err
		}
	}
	return nil
}
