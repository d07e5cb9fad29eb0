package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/stat"
)

// Goal is what a figure is held to. The zero value asks for nothing.
type Goal struct {
	Bound float64 `json:"bound,omitempty"`
	Sense string  `json:"sense,omitempty"` // "≥" or "≤"
}

// AtLeast is a goal that larger figures meet.
func AtLeast(bound float64) Goal { return Goal{bound, "≥"} }

// AtMost is a goal that smaller figures meet.
func AtMost(bound float64) Goal { return Goal{bound, "≤"} }

// Met reports whether v is good enough.
func (g Goal) Met(v float64) bool {
	switch g.Sense {
	case "≥":
		return v >= g.Bound
	case "≤":
		return v <= g.Bound
	default:
		return true
	}
}

func (g Goal) String() string {
	if g.Sense == "" {
		return ""
	}
	return g.Sense + " " + number(g.Bound)
}

// Row is one figure, measured in one or several rounds.
type Row struct {
	Group  string    `json:"group"`
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Rounds []float64 `json:"rounds"`
	Median float64   `json:"median"`
	Goal   Goal      `json:"goal,omitzero"`
	Met    bool      `json:"met"`
	Note   string    `json:"note,omitempty"`

	// Doubtful says that other programs took part of the machine while the
	// row was measured, so that meeting its goal or not proves nothing.
	Doubtful bool `json:"doubtful,omitempty"`
}

// Curve is a distribution of times to plot in its group.
type Curve struct {
	Group  string       `json:"group"`
	Name   string       `json:"name"`
	Points []stat.Point `json:"points"`
}

// Report is everything that one run measured.
type Report struct {
	Title   string    `json:"-"` // of the page
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	Machine string    `json:"machine"`
	Rows    []Row     `json:"rows"`
	Curves  []Curve   `json:"curves"`
	Notes   []string  `json:"notes"`

	Disturbed int     `json:"disturbed,omitempty"` // rounds that other programs disturbed
	Others    float64 `json:"others,omitempty"`    // the most processors that they used

	doubt bool // a round of the measure that runs now was disturbed
}

// Add takes in a row and fills in what follows from its rounds.
func (r *Report) Add(row Row) {
	row.Median = stat.Median(row.Rounds)
	row.Met = row.Goal.Met(row.Median)
	row.Doubtful = r.doubt
	r.Rows = append(r.Rows, row)
}

// Begin starts a measure whose rounds nothing has disturbed yet.
func (r *Report) Begin() { r.doubt = false }

// Doubt notes a round during which other programs used so many processors.
// It casts doubt on every row of its measure.
func (r *Report) Doubt(others float64) {
	r.doubt = true
	r.Disturbed++
	r.Others = max(r.Others, others)
}

// remarks are the notes, and whether the verdicts can be believed.
func (r *Report) remarks() []string {
	if r.Disturbed == 0 {
		return r.Notes
	}
	return append([]string{fmt.Sprintf("%d rounds were disturbed by other programs, which used up to %.1f processors: "+
		"verdicts with a question mark prove nothing, measure again on a quiet machine", r.Disturbed, r.Others)}, r.Notes...)
}

// Plot takes in a distribution.
func (r *Report) Plot(group, name string, t stat.Times) {
	if len(t.Curve) > 0 {
		r.Curves = append(r.Curves, Curve{group, name, t.Curve})
	}
}

// Remark takes in a sentence that belongs below the table.
func (r *Report) Remark(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Groups lists the groups in the order in which they were measured.
func (r *Report) Groups() (groups []string) {
	for _, row := range r.Rows {
		if !slices.Contains(groups, row.Group) {
			groups = append(groups, row.Group)
		}
	}
	return groups
}

// Text writes the table for a terminal.
func (r *Report) Text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "median\trounds\tunit\tgoal\t\t  \t")
	for _, g := range r.Groups() {
		_, _ = fmt.Fprintf(w, "\t\t\t\t\t  \t\n")
		for _, row := range r.of(g) {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t  \t%s: %s\n", number(row.Median), spread(row.Rounds), row.Unit, row.Goal, row.Verdict(), g, row.Name)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, n := range r.remarks() {
		if _, err := fmt.Fprintln(out, "-", n); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) of(group string) (rows []Row) {
	for _, row := range r.Rows {
		if row.Group == group {
			rows = append(rows, row)
		}
	}
	return rows
}

// JSON writes everything for machines.
func (r *Report) JSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Save writes report.html and report.json into a directory, which it makes,
// and returns the path of the page.
func (r *Report) Save(dir string) (page string, err error) {
	err = os.MkdirAll(dir, 0o755)
	page = filepath.Join(dir, "report.html")
	for path, format := range map[string]func(io.Writer) error{page: r.HTML, filepath.Join(dir, "report.json"): r.JSON} {
		f, created := os.Create(path)
		if err = errors.Join(err, created); err == nil {
			err = errors.Join(format(f), f.Close())
		}
	}
	return page, err
}

// Verdict says in a word whether the goal was met, nothing without a goal.
func (r Row) Verdict() string {
	word := "MISSED"
	switch {
	case r.Goal.Sense == "":
		return ""
	case r.Met:
		word = "met"
	}
	if r.Doubtful {
		word += "?"
	}
	return word
}

// spread is the range of the rounds, empty for one.
func spread(rounds []float64) string {
	if len(rounds) < 2 {
		return ""
	}
	return number(slices.Min(rounds)) + "…" + number(slices.Max(rounds))
}

// number writes three or four significant digits.
func number(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10 || v <= -10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}
