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

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/shrink"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
)

func main() {
	if sandbox.Wanted(os.Args[1:]) {
		os.Exit(sandbox.Child(os.Args[1:], os.Stdin))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures; with load.Flag or shrink.Flag as its argument it is one of
// its processes instead.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 1 && args[0] == load.Flag {
		return load.Serve(ctx, stdin, stdout)
	}
	if len(args) == 2 && args[0] == shrink.Flag {
		return shrink.Serve(ctx, args[1], stdin, stdout)
	}
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	return runBench(ctx, c, stdout, stderr)
}
