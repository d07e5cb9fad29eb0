package main

import (
	"context"
	"flag"
	"os"

	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(program.Main(os.Environ(), run)) }

// run is main without the process: it returns the exit code.
func run(ctx context.Context, p program.Process) int {
	if len(p.Args) > 0 && p.Args[0] == engineNode {
		p.Args = p.Args[1:]
		return runNode(ctx, p)
	}
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	about := program.About{Version: version, Does: "gateway takes photos and tasks from people, keeps them safe, lets workers draw, and reports progress."}
	return program.Run(ctx, p, flags, about, func() program.Job {
		c, opened := defaults(), secret.Opened{}
		check := func(ctx context.Context) (err error) {
			opened, err = c.check(ctx, secret.Resolver{Getenv: p.Getenv})
			return err
		}
		return program.Job{Config: c, Check: check, Work: func(ctx context.Context) error {
			err := serve(ctx, c, opened, c.Log.Logger(p.Stderr, flags.Name()))
			if ctx.Err() != nil {
				return nil
			}
			return err
		}}
	})
}
