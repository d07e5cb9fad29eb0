package main

import (
	"flag"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says what is measured and for how long.
type Config struct {
	Out      string        // report.html and report.json are written there
	Bin      string        // gateway and worker are there; "" builds them
	Only     []string      // measures to run, all when empty
	Rounds   int           // of each alternating measurement
	For      time.Duration // one round of throughput
	Streams  int           // open at once
	Patience time.Duration // for a machine that is busy with something else
	Profile  time.Duration // length of CPU profiles of the gateway, written beside the report; 0 for none
}

// Defaults take about eight minutes.
func Defaults() Config {
	return Config{Out: "deploy/bench/out", Rounds: 3, For: 2 * time.Second, Streams: 10_000, Patience: 30 * time.Second}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	for _, name := range c.Only {
		faults.If(!slices.ContainsFunc(measures(), func(m measure) bool { return m.name == name }), "-only: there is no measure %q, only %s", name, names())
	}
	faults.If(c.Rounds < 1, "-rounds: must be at least 1, is %d", c.Rounds)
	faults.If(c.For < 100*time.Millisecond, "-for: must be at least 100ms, is %v", c.For)
	faults.If(c.Profile < 0 || c.Profile%time.Second != 0, "-profile: must be whole seconds, is %v", c.Profile)
	faults.If(c.Streams < streamWriters || c.Streams%streamWriters != 0, "-streams: must be a multiple of %d, is %d", streamWriters, c.Streams)
	return faults.Err()
}

func names() string {
	var all []string
	for _, m := range measures() {
		all = append(all, m.name)
	}
	return strings.Join(all, ", ")
}

func parse(args []string, stderr io.Writer) (Config, error) {
	c := Defaults()
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.Out, "out", c.Out, "write report.html and report.json to this `directory`")
	flags.StringVar(&c.Bin, "bin", c.Bin, "measure the programs in this `directory` instead of building them")
	flags.IntVar(&c.Rounds, "rounds", c.Rounds, "rounds of each alternating measurement")
	flags.DurationVar(&c.For, "for", c.For, "length of a round of throughput")
	flags.IntVar(&c.Streams, "streams", c.Streams, "event streams open at once")
	flags.DurationVar(&c.Patience, "patience", c.Patience, "how long to wait for a machine that is busy with something else")
	flags.DurationVar(&c.Profile, "profile", c.Profile, "write CPU profiles of the gateway of this length beside the report")
	only := flags.String("only", "", "comma-separated `measures`: "+names())
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if *only != "" {
		c.Only = strings.Split(*only, ",")
	}
	return c, c.Validate()
}
