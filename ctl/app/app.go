package app

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
)

// App is what every command works with. Main fills the first block; flags
// fill the second.
type App struct {
	Streams    *terminal.Streams
	Getenv     func(string) string
	Environ    []string
	Who        string // how the history shall name this person
	Version    string
	Executable string        // path of imgctl itself, beside gateway and worker
	WatchEvery time.Duration // pace of --watch

	Server    string          // of the flag --server
	TokenFile string          // of the flag --token-file
	CAFile    string          // of the flag --ca-file
	Insecure  bool            // of the flag --insecure-http
	Format    terminal.Format // of the flag --output
	output    string
	context   string
	started   bool // flags and arguments were understood
}

// Root is imgctl itself: the flags of every command, and the commands.
func (a *App) Root(commands ...*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:           "imgctl",
		Short:         "Run and steer imgfleet",
		Long:          "imgctl starts imgfleet on this machine (imgctl dev) and steers gateways anywhere:\nlimits, providers, experiments, workers, tasks, sessions, the catalogue, the cache and the history of all changes.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) (err error) {
			if a.Format, err = terminal.ParseFormat(a.output); err == nil {
				a.started = true
			}
			return err
		},
	}
	root.Version = a.Version + " " + runtime.Version()
	root.SetVersionTemplate("imgctl {{.Version}}\n")
	root.SetIn(a.Streams.In)
	root.SetOut(a.Streams.Out)
	root.SetErr(a.Streams.Err)
	f := root.PersistentFlags()
	f.StringVarP(&a.output, "output", "o", string(terminal.FormatTable), "output `format`: "+strings.Join(terminal.Formats(), "|"))
	f.StringVar(&a.context, "context", "", "`name` of the context to use instead of the selected one")
	f.StringVar(&a.Server, "server", "", "admin `URL` to use instead of a context")
	f.StringVar(&a.CAFile, "ca-file", "", "`file` with the authority of an https server, beside those of the system")
	f.BoolVar(&a.Insecure, "insecure-http", false, "send the admin token to another machine by plain http too")
	f.StringVar(&a.TokenFile, "token-file", "", "`file` with the admin token (or set IMGCTL_TOKEN)")
	Must(root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(terminal.Formats(), cobra.ShellCompDirectiveNoFileComp)))
	Must(root.RegisterFlagCompletionFunc("context", a.CompleteContexts))
	root.AddCommand(commands...)
	return root
}

// Must is for registrations that fail only when the code names a flag wrongly.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Group is a noun: alone it explains its verbs.
func Group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(verbs...)
	return c
}

// Talk says something to the person.
func (a *App) Talk(format string, args ...any) {
	_, _ = fmt.Fprintf(a.Streams.Err, format+"\n", args...)
}

// Print shows a document in the format that was asked for.
func (a *App) Print(v terminal.View) error { return a.Streams.Print(a.Format, v) }
