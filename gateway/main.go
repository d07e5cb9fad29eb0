package main

import (
	"context"
	"flag"
	"os"

	"github.com/imgfleet/imgfleet/pkg/program"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(program.Main(os.Environ(), run)) }

// run is main without the process: it returns the exit code.
func run(ctx context.Context, p program.Process) int {
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	return program.Run(ctx, p, flags, func() program.Job {
		c := defaults()
		return program.Job{Config: c, Work: func(ctx context.Context) error {
			err := serve(ctx, c, p.Getenv, c.Log.Logger(p.Stderr, flags.Name()))
			if ctx.Err() != nil {
				return nil
			}
			return err
		}}
	})
}
