package main

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// TestFailingVendorsArePaidByPolicyOnly is the short version of "make
// fleet-sim". Times are judged there: this machine may be busy.
func TestFailingVendorsArePaidByPolicyOnly(t *testing.T) {
	t.Parallel()
	for _, v := range append(others(), primary()) {
		if !rig.Drives(v.kind) {
			t.Skipf("this tree has no vendor %s", v.kind)
		}
	}
	c := Defaults()
	c.Tasks, c.Contrast, c.Rate, c.Scale, c.Out, c.Dir = 150, 0, 40, 50, "", t.TempDir()
	c.File = "../config/production.yaml"
	c.Environ = rig.Environ(os.Environ())
	results, err := runArms(t.Context(), c, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(c, results, t.Output()); err != nil {
		t.Logf("of no weight here: %v", err)
	}
	r := results[0]
	for _, text := range append(r.outside, r.lost...) {
		t.Error(text)
	}
	if r.succeeded+r.refused != c.Tasks || len(r.paths[pathFallback]) == 0 {
		t.Errorf("%d succeeded and %d refused of %d, %d by fallback", r.succeeded, r.refused, c.Tasks, len(r.paths[pathFallback]))
	}
}

// What a file says of fallback is what the gateway of the simulation is told.
func TestTheFallbackSectionIsThatOfTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "c.yaml")
	doc := "environment: prod\nfallback: {noticeAfter: 20s, hedgeBudget: 0.07, unknown: fail, doublePayFenPerDay: 3, mock: true}\nlimits: {taskFen: 80}\n"
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	as, err := readFallback(file)
	if err != nil {
		t.Fatal(err)
	}
	f := fleet{config: Config{Scale: 10}, arm: arms(Config{}, as)[0]}
	got, _ := f.gateway("", "", "", "", nil)["fallback"].(map[string]any)
	want := map[string]any{"noticeAfter": "2s", "hedgeBudget": 0.07, "unknown": "fail", "doublePayFenPerDay": int64(3), "mock": true}
	if !maps.Equal(got, want) {
		t.Errorf("the gateway is told %v, want %v", got, want)
	}
}

// at is a moment of a task, in seconds.
func at(seconds float64) time.Time {
	return time.Unix(1_000_000, 0).Add(time.Duration(seconds * float64(time.Second)))
}

func attempt(number int, from float64, vendorMS int64, o task.Outcome) task.Attempt {
	end := at(from + float64(vendorMS)/1e3)
	return task.Attempt{Number: number, Provider: "seedream", StartedAt: at(from), EndedAt: &end, VendorMS: vendorMS, Outcome: o}
}

func ended(seconds float64, attempts ...task.Attempt) operator.Task {
	end := at(seconds)
	return operator.Task{TaskID: "t", State: task.Succeeded, CreatedAt: at(0), FinishedAt: &end, Attempts: attempts}
}

func TestOverheadIsTheTimeInWhichNoVendorWorks(t *testing.T) {
	t.Parallel()
	hedge := attempt(2, 3, 2000, task.OK)
	hedge.Hedge = true
	for name, c := range map[string]struct {
		task operator.Task
		want time.Duration
		path string
	}{
		"one call":            {ended(2.5, attempt(1, 0.2, 2000, task.OK)), 500 * time.Millisecond, pathFirst},
		"a pause between two": {ended(5, attempt(1, 0, 1000, task.Rejected), attempt(2, 2, 3000, task.OK)), time.Second, pathFallback},
		"a hedge beside it":   {ended(5.1, attempt(1, 0.1, 8000, task.Unknown), hedge), 100 * time.Millisecond, pathHedge},
	} {
		if got := c.task.FinishedAt.Sub(c.task.CreatedAt) - atVendors(c.task); got.Round(time.Millisecond) != c.want {
			t.Errorf("%s: overhead %v, want %v", name, got, c.want)
		}
		if got := path(c.task); got != c.path {
			t.Errorf("%s: path %q, want %q", name, got, c.path)
		}
	}
}

func TestTheVendorsOwnCountIsBelieved(t *testing.T) {
	t.Parallel()
	paid := attempt(1, 0, 1000, task.OK)
	paid.PriceFen = priceFen
	a := arm{vendors: []vendor{primary()}, fallback: fallback{HedgeBudget: 0.1, Unknown: "next"}}
	e := evidence{
		tasks: []operator.Task{ended(1, paid)},
		books: map[string]double.Books{"seedream": {Submissions: 1, Billed: 1}},
		costs: []operator.Cost{{Provider: "seedream", Sums: operator.Sums{Attempts: 1, ChargedFen: priceFen}}},
	}
	if r := judge(a, e); len(r.outside) > 0 || r.succeeded != 1 || r.paidFen != priceFen {
		t.Errorf("all agree, and yet: %v", r.outside)
	}
	e.books["seedream"] = double.Books{Submissions: 2, Billed: 2, Violations: []string{"a watermark"}}
	e.costs[0].ChargedFen = 0
	r := judge(a, e)
	for _, want := range []string{"2 submissions", "bills 2 pictures", "the ledger has 1 attempts and 0 fen", "bills 40 fen", "a watermark"} {
		if !slices.ContainsFunc(r.outside, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("nothing says %q: %q", want, r.outside)
		}
	}
	if err := publish(Config{Scale: 1}, []result{r}, io.Discard); err == nil {
		t.Error("payments outside policy are no failure")
	}
}

func TestATaskWithoutAPictureIsLostUnlessItWasRefused(t *testing.T) {
	t.Parallel()
	refused, failed := ended(1), ended(1)
	refused.State, refused.Failure = task.Failed, &task.Failure{Code: "content_refused", Kind: "unprocessable"}
	failed.State, failed.Failure = task.Failed, &task.Failure{Code: "provider_unknown", Kind: "unavailable"}
	r := judge(arm{}, evidence{tasks: []operator.Task{refused, failed}, lost: []string{"never ended"}})
	if r.refused != 1 || len(r.lost) != 2 || !strings.Contains(r.lost[1], "provider_unknown") {
		t.Errorf("refused %d, lost %q", r.refused, r.lost)
	}
}

func TestBadFlagsAreRefusedTogether(t *testing.T) {
	t.Parallel()
	var talk strings.Builder
	code := run(t.Context(), []string{"-tasks", "0", "-rate", "-1", "-scale", "0"}, nil, &talk, &talk)
	if code != 2 || !strings.Contains(talk.String(), "-tasks") || !strings.Contains(talk.String(), "-rate") || !strings.Contains(talk.String(), "-scale") {
		t.Errorf("exit %d: %s", code, talk.String())
	}
}
