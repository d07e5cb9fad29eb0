package command

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

const (
	callTimeout     = 30 * time.Second
	completeTimeout = 2 * time.Second
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

	output    string
	context   string
	server    string
	tokenFile string
	format    terminal.Format
	started   bool // flags and arguments were understood
}

// New builds the whole tree of commands.
func New(a *App) *cobra.Command {
	root := &cobra.Command{
		Use:           "imgctl",
		Short:         "Run and steer imgfleet",
		Long:          "imgctl starts imgfleet on this machine (imgctl dev) and steers gateways anywhere:\nlimits, providers, experiments, workers, tasks, sessions, the catalogue, the cache and the history of all changes.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) (err error) {
			if a.format, err = terminal.ParseFormat(a.output); err == nil {
				a.started = true
			}
			return err
		},
	}
	root.SetIn(a.Streams.In)
	root.SetOut(a.Streams.Out)
	root.SetErr(a.Streams.Err)
	f := root.PersistentFlags()
	f.StringVarP(&a.output, "output", "o", string(terminal.FormatTable), "output `format`: "+strings.Join(terminal.Formats(), "|"))
	f.StringVar(&a.context, "context", "", "`name` of the context to use instead of the selected one")
	f.StringVar(&a.server, "server", "", "admin `URL` to use instead of a context")
	f.StringVar(&a.tokenFile, "token-file", "", "`file` with the admin token (or set IMGCTL_TOKEN)")
	must(root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(terminal.Formats(), cobra.ShellCompDirectiveNoFileComp)))
	must(root.RegisterFlagCompletionFunc("context", a.completeContexts))
	root.AddCommand(
		newDev(a), newStatus(a), newQuota(a), newProvider(a), newExperiment(a), newBudget(a), newCost(a), newCampaign(a), newCache(a), newTask(a),
		newWorker(a), newSession(a), newStorage(a), newIntake(a), newCatalog(a), newPrompt(a), newHistory(a),
		newContext(a), newVersion(a),
	)
	return root
}

// must is for registrations that fail only when the code names a flag wrongly.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// group is a noun: alone it explains its verbs.
func group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(verbs...)
	return c
}

// client connects to the gateway that flags, environment and contexts choose.
// A token that belongs to a context is never sent to another server.
func (a *App) client() (*operator.Client, error) {
	target := contexts.Context{Server: a.server}
	if a.server == "" {
		var err error
		if target, err = a.target(); err != nil {
			return nil, err
		}
	}
	token, err := a.token(target)
	if err != nil {
		return nil, err
	}
	roots, err := authorities(target.CAFile)
	if err != nil {
		return nil, err
	}
	c, err := operator.NewClient(operator.ClientConfig{Server: target.Server, Token: token, Who: a.Who, Roots: roots})
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// target is the context that is asked for, or the selected one.
func (a *App) target() (contexts.Context, error) {
	file := contexts.At(a.Getenv)
	c, err := file.Load()
	if err != nil {
		return contexts.Context{}, err
	}
	name := a.context
	if name == "" {
		name = c.Current
	}
	if name == "" {
		return contexts.Context{}, usageError{errors.New(
			"no gateway is chosen: start one with `imgctl dev`, add one with `imgctl context add`, or give --server and --token-file")}
	}
	return c.Find(name)
}

func (a *App) token(target contexts.Context) (string, error) {
	if a.tokenFile == "" {
		if token := a.Getenv("IMGCTL_TOKEN"); token != "" {
			return strings.TrimSpace(token), nil
		}
	}
	path := a.tokenFile
	if path == "" {
		path = target.TokenFile
	}
	if path == "" {
		return "", fmt.Errorf("%w: give --token-file or set IMGCTL_TOKEN", errNoToken)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoToken, err)
	}
	return strings.TrimSpace(string(raw)), nil
}

func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("context: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("context: %s holds no certificate", path)
	}
	return pool, nil
}

// call runs one exchange with the gateway within a time a person waits.
func (a *App) call(ctx context.Context, exchange func(context.Context, *operator.Client) error) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return exchange(ctx, c)
}

// talk says something to the person.
func (a *App) talk(format string, args ...any) {
	_, _ = fmt.Fprintf(a.Streams.Err, format+"\n", args...)
}

func (a *App) print(v terminal.View) error { return a.Streams.Print(a.format, v) }
