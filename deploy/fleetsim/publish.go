package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/stat"
)

// The goals of the whole fleet.
const (
	successGoal  = 99.9 // percent of tasks that were not refused
	hedgeGoal    = 10   // percent of attempts
	slowerGoal   = 1.15 // P95 beside that of the healthy primary
	overheadGoal = 300  // P95, milliseconds
	disturbed    = 0.25 // processors that others used, above which times prove nothing
	mostDetails  = 12
)

var errMissed = errors.New("a goal was missed")

// publish prints the table, writes the report, and says whether all goals
// were met.
func publish(c Config, results []result, out io.Writer) error {
	doc := describe(c, results)
	err := errors.Join(table(out, doc, results), tallies(out, results[0]))
	for _, n := range doc.Notes {
		fmt.Fprintln(out, "-", n)
	}
	for _, r := range results {
		for i, text := range append(append([]string{}, r.outside...), lostOf(r)...) {
			if i < mostDetails {
				fmt.Fprintf(out, "! %s: %s\n", r.arm.name, text)
			}
		}
	}
	if c.Out != "" {
		page, saved := doc.Save(c.Out)
		err = errors.Join(err, saved)
		fmt.Fprintln(out, "Latency by path:", page)
	}
	for _, row := range doc.Rows {
		if !row.Met && !row.Doubtful {
			return errors.Join(err, errMissed)
		}
	}
	return err
}

// lostOf are tasks without a picture. The arms for contrast may lose some.
func lostOf(r result) []string {
	if r.arm.fallback.HedgeBudget == 0 {
		return nil
	}
	return r.lost
}

// describe makes a row of each figure of each arm. Goals apply to the whole
// fleet, that of payments outside policy to all arms.
func describe(c Config, results []result) *report.Report {
	doc := &report.Report{
		Title: "imgfleet fleet-sim", At: time.Now(), Version: "seed " + strconv.FormatUint(c.Seed, 10),
		Machine: fmt.Sprintf("%d processors, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH),
	}
	for i, r := range results {
		doc.Begin()
		if r.others > disturbed {
			doc.Doubt(r.others)
			doc.Remark("%s: other programs used %.1f processors meanwhile, so times with a question mark prove nothing", r.arm.name, r.others)
		}
		goal := func(g report.Goal) report.Goal {
			if i > 0 {
				return report.Goal{}
			}
			return g
		}
		timed, sure := r.rows(c, goal)
		for _, row := range timed {
			doc.Add(row)
		}
		doc.Begin() // counts are as true on a busy machine
		for _, row := range sure {
			doc.Add(row)
		}
		for _, p := range []string{pathFirst, pathBeside, pathHedge, pathFallback} {
			doc.Plot(r.arm.name, fmt.Sprintf("%s (%d)", p, len(r.paths[p])), stat.Of(r.paths[p]))
		}
		doc.Plot(r.arm.name, "our overhead", stat.Of(r.overhead))
	}
	doc.Remark("fallback, as it stands in %s: %v", c.File, results[0].arm.fallback)
	p := primary()
	doc.Remark("vendors are played %d× as fast as in life: %s has a median of %v and a P95 of %v. Not scaled, so harder: its Retry-After (2 s), breakers, pauses, polls, and our overhead",
		c.Scale, p.name, p.median/time.Duration(c.Scale), p.p95/time.Duration(c.Scale))
	doc.Remark("faults of %s: %s; %s dies half-way (%s); wan is slow", p.name, p.faults, others()[0].name, others()[0].death)
	doc.Remark("overhead: the time of a task in which no vendor worked for it: waiting, dispatch, wire, pauses between attempts, labels, store. A vendor's time is its driver's, from photo to result")
	return doc
}

// rows are the figures that need a quiet machine, and those that do not.
func (r result) rows(c Config, goal func(report.Goal) report.Goal) (timed, sure []report.Row) {
	took, over := stat.Of(r.took), stat.Of(r.overhead)
	healthy := (primary().p95 / time.Duration(c.Scale)).Seconds() * 1e3
	row := func(name, unit string, v float64, g report.Goal) report.Row {
		return report.Row{Group: r.arm.name, Name: name, Unit: unit, Rounds: []float64{v}, Goal: g}
	}
	asked := r.succeeded + len(r.lost)
	timed = []report.Row{
		row("P95 / the primary's own", "×", took.P95/healthy, goal(report.AtMost(slowerGoal))),
		row("our overhead, P95", "ms", over.P95, goal(report.AtMost(overheadGoal))),
		row("our overhead, median", "ms", over.P50, report.Goal{}),
		row("task, median", "ms", took.P50, report.Goal{}),
		row("task, P95", "ms", took.P95, report.Goal{}),
		row("task, P99", "ms", took.P99, report.Goal{}),
		row("task, longest", "ms", took.Max, report.Goal{}),
	}
	sure = []report.Row{
		row("tasks", "", float64(asked+r.refused), report.Goal{}),
		row("refused for content", "", float64(r.refused), report.Goal{}),
		row("success", "%", 100*float64(r.succeeded)/float64(max(1, asked)), goal(report.AtLeast(successGoal))),
		row("hedges of attempts", "%", 100*float64(r.hedges)/float64(max(1, r.attempts)), goal(report.AtMost(min(hedgeGoal, 100*r.arm.fallback.HedgeBudget)))),
		row("went on after lost calls", "fen", float64(r.doubleFen), report.Goal{}),
		row("payments outside policy", "", float64(len(r.outside)), report.AtMost(0)),
		row("paid a picture", "fen", float64(r.paidFen)/float64(max(1, r.succeeded)), report.Goal{}),
	}
	return timed, sure
}

// table puts the arms side by side.
func table(out io.Writer, doc *report.Report, results []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "\t\tgoal")
	for _, r := range results {
		fmt.Fprintf(w, "\t%s", r.arm.name)
	}
	fmt.Fprintln(w)
	n := len(doc.Rows) / len(results)
	for _, i := range order(n) {
		first := doc.Rows[i]
		fmt.Fprintf(w, "%s\t%s\t%s", first.Name, first.Unit, first.Goal)
		for j := range results {
			row := doc.Rows[j*n+i]
			fmt.Fprintf(w, "\t%s %s", figure(row), row.Verdict())
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// order puts the counts before the times.
func order(n int) (out []int) {
	for i := range n {
		out = append(out, (i+n/2)%n)
	}
	return out
}

func figure(r report.Row) string {
	switch r.Unit {
	case "%", "×":
		return strconv.FormatFloat(r.Median, 'f', 2, 64)
	case "fen":
		return strconv.FormatFloat(r.Median, 'f', 1, 64)
	default:
		return strconv.FormatFloat(r.Median, 'f', 0, 64)
	}
}

// tallies compares both sides' counts of the whole fleet.
func tallies(out io.Writer, r result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nvendor\tsubmissions\tour calls\tpictures\trefused\tunknown\tbilled\tour fen\t")
	for _, y := range r.tallies {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", y.name, y.submissions, y.asked, y.ok, y.refused, y.unsure, y.billed, y.paidFen)
	}
	return w.Flush()
}
