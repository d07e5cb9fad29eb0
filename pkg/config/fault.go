package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with the configuration.
type Fault struct {
	Key    string // as the operator wrote it: a path of the file, a variable or a flag
	Line   int    // of the file; 0 when the key came from elsewhere
	Reason string
}

// Error names the key first, so that a list of faults can be scanned.
func (f *Fault) Error() string {
	if f.Line > 0 {
		return fmt.Sprintf("%s (line %d): %s", f.Key, f.Line, f.Reason)
	}
	return f.Key + ": " + f.Reason
}

// Faults takes a joined error apart: one line for each thing that is wrong.
func Faults(err error) []string {
	var lines []string
	for _, e := range flat(err) {
		lines = append(lines, e.Error())
	}
	return lines
}

func flat(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok { // not errors.As: a join inside a wrapped error is one fault
		var all []error
		for _, e := range many.Unwrap() {
			all = append(all, flat(e)...)
		}
		return all
	}
	return []error{err}
}

// Report is what -check-config prints: every fault and every warning on a line
// of its own, in the order of the file, and whether there is no fault. It
// returns the code to exit with: 2 for faults, else 0.
func Report(w io.Writer, err error, warnings ...string) int {
	faults := flat(err)
	slices.SortStableFunc(faults, func(a, b error) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), strings.Compare(a.Error(), b.Error()))
	})
	var lines []string
	for _, f := range faults {
		lines = append(lines, oneLine(f.Error()))
	}
	for _, warning := range warnings {
		lines = append(lines, "warning: "+oneLine(warning))
	}
	if len(faults) == 0 {
		lines = append(lines, "configuration: no faults")
	}
	for _, line := range slices.Compact(lines) {
		_, _ = fmt.Fprintln(w, line)
	}
	if len(faults) == 0 {
		return 0
	}
	return 2
}

// order is the line of a fault; those of no line come last.
func order(err error) int {
	line := 0
	if f, ok := errors.AsType[*Fault](err); ok {
		line = f.Line
	} else if l, ok := errors.AsType[*located](err); ok {
		line = l.line
	}
	if line == 0 {
		return math.MaxInt
	}
	return line
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// unknown makes the sentence for a key that does not exist.
func unknown(what, name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("unknown %s; did you mean %s?", what, near)
	}
	return "unknown " + what
}

// nearest is the known name that a person most likely meant, or "".
func nearest(name string, known []string) string {
	best, limit := "", max(1, len(name)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d <= limit {
			best, limit = k, d-1
		}
	}
	return best
}

// distance counts the insertions, deletions and replacements between a and b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b)) // too long to be a name with a typing mistake
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
