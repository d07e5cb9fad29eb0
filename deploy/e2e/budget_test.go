package e2e_test

import (
	"fmt"
	"net/http"
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
