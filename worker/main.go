package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/imgfleet/imgfleet/pkg/config"
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
	signal.Ignore(syscall.SIGHUP)
	workerrpc.RouteLogs(telemetry.NewLogger(os.Stderr, "warn", "auto"))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit code, 2 for a
// configuration that cannot be.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stderr io.Writer) int {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "YAML configuration `file`")
	check := flags.Bool("check-config", false, "print every fault of the configuration and exit")
	played := flags.Bool("simulate", false, "play the vendors of the section simulate instead of working, for development")
	tied := flags.Bool("exit-with-stdin", false, "drain and exit when standard input ends; ignore SIGINT")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var c any
	var work func(context.Context) error
	if *played {
		s := simulationDefaults()
		c, work = s, func(ctx context.Context) error { return s.play(ctx, s.Log.logger(stderr)) }
	} else {
		w := defaults()
		c, work = w, func(ctx context.Context) error { return serve(ctx, w, environ, w.Log.logger(stderr)) }
	}
	if err := config.Load(c, config.Options{File: *file, Environ: environ}); err != nil || *check {
		if code := config.Report(stderr, err); code != 0 || *check {
			return code
		}
	}
	if *tied {
		var stop context.CancelFunc
		ctx, stop = tie(ctx, stdin)
		defer stop()
	}
	if err := work(ctx); err != nil {
		_, _ = fmt.Fprintln(stderr, "worker:", err)
		return 1
	}
	return 0
}

// tie ends the context with standard input, which the parent holds open: it
// also ends when the parent is killed. The terminal's SIGINT is the parent's
// to handle.
func tie(ctx context.Context, stdin io.Reader) (context.Context, context.CancelFunc) {
	signal.Ignore(os.Interrupt) // main goes on listening for SIGTERM: one may have come already
	ctx, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		stop()
	}()
	return ctx, stop
}
