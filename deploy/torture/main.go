package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when nothing was wrong, 1 when something was,
// 2 for bad flags.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	c := Defaults()
	asJSON, err := parse(&c, args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		fmt.Fprintln(stderr, "torture:", err)
		return 2
	}
	c.Environ = rig.Environ(environ)
	r, err := torture(ctx, c, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "torture:", err)
		return 1
	}
	if asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(r)
	} else {
		err = r.print(stdout)
	}
	if err != nil || !r.Clean() {
		return 1
	}
	return 0
}

func parse(c *Config, args []string, stderr io.Writer) (asJSON bool, err error) {
	flags := flag.NewFlagSet("torture", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&c.Tasks, "tasks", c.Tasks, "tasks to submit")
	flags.IntVar(&c.Clients, "clients", c.Clients, "clients, each with a session of its own")
	flags.IntVar(&c.Active, "active", c.Active, "tasks a client has in flight at once")
	flags.Uint64Var(&c.Seed, "seed", c.Seed, "decides what clients do and who is killed")
	kill := flags.String("kill", strings.Join(c.Kill, ","), "whom to kill: gateways, workers, both separated by a comma, or none")
	flags.DurationVar(&c.Every, "every", c.Every, "mean time between kills")
	flags.StringVar(&c.Sync, "sync", c.Sync, "engine.sync of the gateway")
	flags.Float64Var(&c.Hedge, "hedge", c.Hedge, "fallback.hedgeBudget: the share of attempts that may be second calls")
	flags.StringVar(&c.Unknown, "unknown", c.Unknown, "fallback.unknown: wait, next or fail")
	flags.Int64Var(&c.DoublePayFen, "double-pay", c.DoublePayFen, "fallback.doublePayFenPerDay")
	flags.BoolVar(&c.Vendors, "vendors", c.Vendors, "call the strict doubles of real vendors instead of mocks, and believe what they count")
	flags.BoolVar(&c.Budgets, "budgets", c.Budgets, "give alpha and the whole service daily budgets that end within the run")
	flags.BoolVar(&c.Rolling, "rolling", c.Rolling, "restart everything in turn half-way")
	flags.IntVar(&c.Engines, "engines", c.Engines, "run an external engine of 3 nodes, and kill those by a plan instead of others by chance; -tasks, -kill and -rolling do not count then")
	flags.StringVar(&c.Mock, "mock", c.Mock, "model of the mock providers")
	flags.StringVar(&c.Dir, "dir", c.Dir, "where to keep data and logs; empty for a temporary directory that goes when all is well")
	flags.DurationVar(&c.Patience, "patience", c.Patience, "how long a task may take under fire before it counts as lost")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	c.Kill = nil
	if *kill != "none" && *kill != "" {
		c.Kill = strings.Split(*kill, ",")
	}
	if c.Engines > 0 {
		*c = c.besieged()
	}
	return asJSON, nil
}
