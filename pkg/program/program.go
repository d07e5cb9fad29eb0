package program

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/imgfleet/imgfleet/pkg/config"
)

// Process is what a program gets from the system.
type Process struct {
	Args    []string // without the program's name
	Environ []string
	Stdin   io.Reader
	Stderr  io.Writer
}

// Job is what a program does until the context ends. Config points to the
// defaults; it is loaded before Work runs.
type Job struct {
	Config any
	Work   func(ctx context.Context) error
}

// Main runs a program until SIGINT or SIGTERM and returns its exit code.
func Main(environ []string, run func(context.Context, Process) int) int {
	signal.Ignore(syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, Process{Args: os.Args[1:], Environ: environ, Stdin: os.Stdin, Stderr: os.Stderr})
}

// Run parses the flags that every program has and those of its own, loads the
// configuration of the job that choose returns after that, and does the job.
// It returns the exit code: 2 for flags or a configuration that cannot be, 1
// for a job that failed.
func Run(ctx context.Context, p Process, flags *flag.FlagSet, choose func() Job) int {
	flags.SetOutput(p.Stderr)
	file := flags.String("config", "", "YAML configuration `file`")
	check := flags.Bool("check-config", false, "print every fault of the configuration and exit")
	tied := flags.Bool("exit-with-stdin", false, "drain and exit when standard input ends; ignore SIGINT")
	if err := flags.Parse(p.Args); err != nil {
		return 2
	}
	job := choose()
	if err := config.Load(job.Config, config.Options{File: *file, Environ: p.Environ}); err != nil || *check {
		return config.Report(p.Stderr, err)
	}
	if *tied {
		var stop context.CancelFunc
		ctx, stop = tie(ctx, p.Stdin)
		defer stop()
	}
	if err := job.Work(ctx); err != nil {
		_, _ = fmt.Fprintf(p.Stderr, "%s: %v\n", flags.Name(), err)
		return 1
	}
	return 0
}

// tie ends the context with standard input, which the parent holds open: it
// also ends when the parent is killed. The terminal's SIGINT is the parent's
// to handle.
func tie(ctx context.Context, stdin io.Reader) (context.Context, context.CancelFunc) {
	signal.Ignore(os.Interrupt) // Main goes on listening for SIGTERM: one may have come already
	ctx, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		stop()
	}()
	return ctx, stop
}

// Getenv reads one variable of the environment.
func (p Process) Getenv(name string) string {
	for _, variable := range p.Environ {
		if k, v, ok := strings.Cut(variable, "="); ok && k == name {
			return v
		}
	}
	return ""
}
