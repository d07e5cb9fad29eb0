package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// TestNothingIsAcceptedThatNobodyIsPaidFor spends a budget to the last fen:
// then every gateway refuses, takes nothing, and says until when; pictures
// that are there already are given, and a larger budget is live at once.
func TestNothingIsAcceptedThatNobodyIsPaidFor(t *testing.T) {
	t.Parallel()
	strict := map[string]any{"fallback": map[string]any{"mock": false}}
	d := start(t, t.TempDir(), "--gateways", "2", "--config", config(t, "picture=copy", strict),
		"--simulate", "seedream?median=20ms&side=320&priceFen=20")
	d.must(t, "budget", "set", "seedream", "40", "--yes", "--reason", "a test")
	p := newPerson(t, d, 50)
	for seed := range int64(2) {
		if doc := p.finish(t, p.submit(t, seed).TaskID); doc.State != task.Succeeded {
			t.Fatalf("within the budget: %+v", doc)
		}
	}
	for g, base := range d.public {
		if err := within(5*time.Second, func() error { // a gateway that does not lead hears of it each second
			status, q := p.post(t, base, 100+g)
			if status != http.StatusServiceUnavailable || q.Code != "budget_exhausted" {
				return fmt.Errorf("%d %s", status, q.Code)
			}
			if !strings.Contains(q.Detail, "明天再来") || q.RetryAfter < time.Second || q.RetryAfter > 24*time.Hour {
				t.Errorf("gateway %d: %q, after %v", g+1, q.Detail, q.RetryAfter)
			}
			return nil
		}); err != nil {
			t.Errorf("gateway %d: %v", g+1, err)
		}
	}
	tasks := func() int {
		return len(list[operator.Task](t, d.must(t, "task", "ls", "--session", string(p.ID()), "-o", "json")))
	}
	before := tasks()
	for g, base := range d.public {
		if status, q := p.post(t, base, 150+g); status != http.StatusServiceUnavailable {
			t.Errorf("gateway %d: %d %s", g+1, status, q.Code)
		}
	}
	if after := tasks(); after != before {
		t.Errorf("%d tasks before the refusals, %d after", before, after)
	}
	if doc := p.submit(t, 0); !doc.Cached || doc.State != task.Succeeded {
		t.Errorf("the picture that is there is not given: %+v", doc)
	}
	if b := d.books(t)["seedream"]; b.Submissions != 2 || b.Billed != 2 {
		t.Errorf("seedream counted %+v", b)
	}
	d.must(t, "budget", "set", "seedream", "80", "--yes", "--reason", "a test")
	for g, base := range d.public {
		if err := within(liveWithin, func() error {
			if status, q := p.post(t, base, 200+g); status != http.StatusAccepted {
				return fmt.Errorf("%d %s", status, q.Code)
			}
			return nil
		}); err != nil {
			t.Errorf("with a larger budget, gateway %d: %v", g+1, err)
		}
	}
	p.drain(t)
}

// TestOperatorsAreWarnedInTime spends most of a budget and nearly all that a
// vendor allows: any gateway says so, in a metric and once in the log.
func TestOperatorsAreWarnedInTime(t *testing.T) {
	t.Parallel()
	early := map[string]any{"dispatch": map[string]any{"budgetAlarm": 0.5, "allowanceAlarm": 100}}
	d := start(t, t.TempDir(), "--config", config(t, "picture=copy", early),
		"--simulate", "openai?model=gpt-image-1&median=20ms&side=320&priceFen=20&allowance=101")
	d.must(t, "budget", "set", "openai", "60", "--yes", "--reason", "a test")
	p := newPerson(t, d, 51)
	if doc := p.finish(t, p.submit(t, 1).TaskID); doc.State != task.Succeeded {
		t.Fatalf("the first: %+v", doc)
	}
	status := func() operator.Status { return read[operator.Status](t, d.must(t, "status", "-o", "json")) }
	if s := status(); len(s.Alarms) != 0 {
		t.Errorf("too early: %+v", s.Alarms)
	}
	if doc := p.finish(t, p.submit(t, 2).TaskID); doc.State != task.Succeeded {
		t.Fatalf("the second: %+v", doc)
	}
	want := []operator.Alarm{
		{Name: operator.AlarmBudget, Subject: "openai", Severity: operator.AlarmWarning, Message: "budget of openai 66% spent", SpentFen: 40, BudgetFen: 60},
		{Name: operator.AlarmAllowance, Subject: "openai", Severity: operator.AlarmWarning, Message: "openai takes 99 more calls", Remaining: 99},
	}
	got := status().Alarms
	for i := range got {
		if since := time.Since(got[i].Since); since < 0 || since > time.Minute {
			t.Errorf("%s stands for %v", got[i].Name, since)
		}
		got[i].Since = time.Time{}
	}
	if !slices.Equal(got, want) {
		t.Errorf("alarms = %+v, want %+v", got, want)
	}
	for text, words := range map[string][]string{
		"66% spent": {"budget", "get"}, "low: 99": {"provider", "ls"}, "openai takes 99 more calls": {"status"},
	} {
		if out := d.must(t, words...); !strings.Contains(out, text) {
			t.Errorf("%v does not say %q:\n%s", words, text, out)
		}
	}
	logged := func() error {
		for _, line := range []string{"budget nearly spent", "allowance of a vendor is low"} {
			if n := strings.Count(d.log.String(), line); n != 1 {
				return fmt.Errorf("%q was logged %d times", line, n)
			}
		}
		return nil
	}
	if err := within(5*time.Second, logged); err != nil {
		t.Error(err)
	}
}
