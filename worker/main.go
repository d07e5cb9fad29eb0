package main

import (
	"context"
	"flag"
	"os"

	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
)

// version is set by the build.
var version = "dev"

func main() {
	if sandbox.Wanted(os.Args[1:]) {
		os.Exit(sandbox.Child(os.Args[1:], os.Stdin))
	}
	workerrpc.RouteLogs(telemetry.NewLogger(os.Stderr, "warn", "auto"))
	os.Exit(program.Main(os.Environ(), run))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, p program.Process) int {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	played := flags.Bool("simulate", false, "play the vendors of the section simulate instead of working; imgctl dev --simulate uses it")
	about := program.About{Version: version, Does: "worker draws pictures for gateways: it calls the models of vendors, and labels what they draw."}
	resolver := secret.Resolver{Getenv: p.Getenv}
	return program.Run(ctx, p, flags, about, func() program.Job {
		if *played {
			s := simulationDefaults()
			check := func(ctx context.Context) error { return s.openSecrets(ctx, resolver) }
			return program.Job{Config: s, Check: check, Work: func(ctx context.Context) error {
				return s.play(ctx, s.Log.Logger(p.Stderr, flags.Name()))
			}}
		}
		c, opened := defaults(), secret.Opened{}
		check := func(ctx context.Context) (err error) {
			opened, err = c.check(ctx, resolver)
			return err
		}
		return program.Job{Config: c, Check: check, Work: func(ctx context.Context) error {
			return serve(ctx, c, opened, c.Log.Logger(p.Stderr, flags.Name()))
		}}
	})
}
