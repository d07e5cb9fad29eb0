package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when every goal was met, 1 when one was not, 2
// for bad flags.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "fleet-sim:", err)
		return 2
	}
	c.Environ = rig.Environ(environ)
	arms, err := runArms(ctx, c, stderr)
	if err == nil {
		err = publish(c, arms, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "fleet-sim:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (Config, error) {
	c := Defaults()
	flags := flag.NewFlagSet("fleet-sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&c.Tasks, "tasks", c.Tasks, "tasks of the whole fleet")
	flags.IntVar(&c.Contrast, "contrast", c.Contrast, "tasks of each arm for contrast; 0 for no such arms")
	flags.StringVar(&c.File, "config", c.File, "the configuration `file` whose fallback section is in force")
	flags.Float64Var(&c.Rate, "rate", c.Rate, "tasks that arrive a second, on average")
	flags.IntVar(&c.Scale, "scale", c.Scale, "how many times faster than in life vendors are played")
	flags.Uint64Var(&c.Seed, "seed", c.Seed, "decides when tasks arrive and what vendors do")
	flags.StringVar(&c.Out, "out", c.Out, "write report.html and report.json to this `directory`")
	flags.StringVar(&c.Dir, "dir", c.Dir, "where to keep data and logs; empty for a temporary directory that goes when all is well")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	return c, c.Validate()
}
