package report_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/stat"
)

func sample() *report.Report {
	r := &report.Report{At: time.Unix(0, 0).UTC(), Machine: "two cores"}
	r.Add(report.Row{Group: "accept", Name: "fsync <share>", Unit: "×", Rounds: []float64{0.9, 0.7, 0.85}, Goal: report.AtLeast(0.8)})
	r.Add(report.Row{Group: "accept", Name: "p99", Unit: "ms", Rounds: []float64{12}, Goal: report.AtMost(5)})
	r.Plot("accept", "latency", stat.Of([]time.Duration{time.Millisecond, 3 * time.Millisecond, 40 * time.Millisecond}))
	r.Remark("a task costs %d bytes", 7)
	return r
}

func TestAMedianIsHeldToItsGoal(t *testing.T) {
	t.Parallel()
	r := sample()
	if !r.Rows[0].Met || r.Rows[0].Median != 0.85 || r.Rows[1].Met {
		t.Errorf("rows = %+v", r.Rows)
	}
	var out strings.Builder
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0.85", "0.70…0.90", "≥ 0.80", "met", "MISSED", "a task costs 7 bytes"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestADisturbedMeasureProvesNothing(t *testing.T) {
	t.Parallel()
	r := &report.Report{}
	r.Begin()
	r.Doubt(1.6)
	r.Add(report.Row{Group: "a", Name: "disturbed", Rounds: []float64{1}, Goal: report.AtLeast(0.5)})
	r.Begin()
	r.Add(report.Row{Group: "a", Name: "quiet", Rounds: []float64{1}, Goal: report.AtLeast(0.5)})
	if !r.Rows[0].Doubtful || r.Rows[1].Doubtful {
		t.Errorf("rows = %+v", r.Rows)
	}
	var out strings.Builder
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"met?", "1 rounds were disturbed", "1.6 processors"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestTheJSONCanBeReadBack(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := sample().JSON(&out); err != nil {
		t.Fatal(err)
	}
	var back report.Report
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || len(back.Rows) != 2 || back.Rows[1].Goal != report.AtMost(5) {
		t.Errorf("read back %+v (%v)", back, err)
	}
}

func TestThePageNeedsNothingElse(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := sample().HTML(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, bad := range []string{"http://", "https://", "<script", "<share>", "src="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if strings.Count(page, "<svg") != 3 {
		t.Errorf("%d plots, want 3", strings.Count(page, "<svg"))
	}
	for svg := range strings.SplitSeq(page, "<svg") {
		svg, _, plot := strings.Cut(svg, "</svg>")
		if plot {
			wellFormed(t, "<svg"+svg+"</svg>")
		}
	}
}

func wellFormed(t *testing.T, doc string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
	}
}
