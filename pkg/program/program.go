package program

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/imgfleet/imgfleet/pkg/config"
)

// Process is what a program gets from the system.
type Process struct {
	Args    []string // without the program's name
	Environ []string
	Stdin   io.Reader
	Stdout  io.Writer // nil drops what is said there
	Stderr  io.Writer
}

// About is what a program says of itself.
type About struct {
	Version string
	Does    string // a sentence or two
}

// Job is what a program does until the context ends. Config points to the
// defaults; it is loaded before Check and Work run. Where Config has a method
// Warnings() []string, these are told by -check-config.
type Job struct {
	Config any
	// Check looks at what the configuration names: files, secrets. It finds
	// everything that would keep Work from starting and can be known without
	// connecting, listening or writing. nil finds nothing.
	Check func(ctx context.Context) error
	Work  func(ctx context.Context) error
}

// Main runs a program until SIGINT or SIGTERM and returns its exit code. What
// the process holds in memory is its own.
func Main(environ []string, run func(context.Context, Process) int) int {
	keepPrivate()
	signal.Ignore(syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, Process{Args: os.Args[1:], Environ: environ, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
}

// common are the flags that every program has.
type common struct {
	file     string
	check    bool
	tied     bool
	version  bool
	describe bool
}

// Run parses the flags that every program has and those of its own, loads and
// checks the configuration of the job that choose returns after that, and does
// the job. It returns the exit code: 2 for flags or a configuration that
// cannot be, 1 for a job that failed.
func Run(ctx context.Context, p Process, flags *flag.FlagSet, about About, choose func() Job) int {
	c, code, done := parse(p, flags, about)
	if done {
		return code
	}
	job := choose()
	if c.describe {
		return describe(p, job.Config)
	}
	source, err := config.Read(job.Config, config.Options{File: c.file, Environ: p.Environ})
	if source != nil && job.Check != nil {
		err = errors.Join(err, source.Locate(job.Check(ctx)))
	}
	if c.check || err != nil {
		return config.Report(p.Stderr, err, warnings(job.Config, source)...)
	}
	if c.tied {
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

// parse reads the flags. It has done everything when they ask for words only,
// or cannot be.
func parse(p Process, flags *flag.FlagSet, about About) (c common, code int, done bool) {
	flags.SetOutput(p.Stderr)
	flags.Usage = func() {}
	flags.StringVar(&c.file, "config", "", "read the configuration from this YAML `file`")
	flags.BoolVar(&c.check, "check-config", false, "say everything that is wrong with the configuration, start nothing, and exit")
	flags.BoolVar(&c.tied, "exit-with-stdin", false, "drain and exit when standard input ends, and ignore SIGINT; imgctl dev uses it")
	flags.BoolVar(&c.describe, "describe-config", false, "print every key of the configuration with its default, as JSON, and exit")
	flags.BoolVar(&c.version, "version", false, "print the version and exit")
	err := flags.Parse(p.Args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		help(writer(p.Stdout), flags, about)
		return c, 0, true
	case err == nil && flags.NArg() > 0:
		_, _ = fmt.Fprintf(p.Stderr, "unexpected argument: %s\n", flags.Arg(0))
		fallthrough
	case err != nil:
		_, _ = fmt.Fprintf(p.Stderr, "%s -h lists the flags\n", flags.Name())
		return c, 2, true
	case c.version:
		_, _ = fmt.Fprintf(writer(p.Stdout), "%s %s %s\n", flags.Name(), about.Version, runtime.Version())
		return c, 0, true
	}
	return c, 0, false
}

func describe(p Process, defaults any) int {
	if err := json.NewEncoder(writer(p.Stdout)).Encode(config.Describe(defaults)); err != nil {
		_, _ = fmt.Fprintln(p.Stderr, err)
		return 1
	}
	return 0
}

func writer(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// help says what the program is and how it is started.
func help(w io.Writer, flags *flag.FlagSet, about About) {
	_, _ = fmt.Fprintf(w, `%s

Usage: %s [flags]

Flags:
`, about.Does, flags.Name())
	flags.SetOutput(w)
	flags.PrintDefaults()
	_, _ = fmt.Fprintf(w, `
Every key of the configuration has a default; deploy/config/reference.yaml lists them.
A variable wins over the file: %s sets http.listen.

Exit status: 0 after an orderly end, 1 when the work failed, 2 when flags or configuration are refused.
`, config.EnvName("http.listen"))
}

// warnings are what -check-config says of a configuration that works.
func warnings(c any, source *config.Source) []string {
	all := source.Warnings()
	if w, ok := c.(interface{ Warnings() []string }); ok && source != nil {
		for _, text := range w.Warnings() {
			all = append(all, source.Say(text))
		}
	}
	return all
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
