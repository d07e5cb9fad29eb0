package e2e_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

// alert is one rule of deploy/prometheus/rules.yaml.
type alert struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

func shippedAlerts(t *testing.T) (all []alert) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "prometheus", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Groups []struct{ Rules []alert } }
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, g := range doc.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// drawn are the expressions of deploy/prometheus/dashboard.json.
func drawn(t *testing.T) (exprs []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "prometheus", "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, p := range doc.Panels {
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	return exprs
}

func TestEveryAlertHasItsPage(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join("..", "runbooks", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, a := range shippedAlerts(t) {
		named = append(named, filepath.Join("..", "runbooks", a.Alert+".md"))
		if path.Base(a.Annotations["runbook_url"]) != a.Alert+".md" || a.Annotations["summary"] == "" || a.Labels["severity"] == "" {
			t.Errorf("%s: %+v %+v", a.Alert, a.Annotations, a.Labels)
		}
	}
	slices.Sort(named)
	if !slices.Equal(named, pages) {
		t.Errorf("alerts have the pages %v, there are %v", named, pages)
	}
	for _, p := range pages {
		text, err := os.ReadFile(p)
		if err != nil || !strings.HasPrefix(string(text), "# "+strings.TrimSuffix(filepath.Base(p), ".md")+"\n") {
			t.Errorf("%s is not called so: %v", p, err)
		}
	}
}

// What is promised is configuration: a rule that has a number of its own would
// alarm for ever where a slow model was chosen.
func TestAlertsReadTheObjectivesFromMetrics(t *testing.T) {
	t.Parallel()
	judged := 0
	for _, a := range shippedAlerts(t) {
		for metric, objective := range map[string]string{
			"imgfleet_task_seconds": "imgfleet_objective_seconds", "imgfleet_queue_oldest_seconds": "imgfleet_objective_seconds",
			"imgfleet_tasks_total": "imgfleet_objective_success_ratio", "imgfleet_http_requests_total": "imgfleet_objective_errors_ratio",
		} {
			if !strings.Contains(a.Expr, metric) {
				continue
			}
			if judged++; !strings.Contains(a.Expr, objective) {
				t.Errorf("%s judges %s by a number of its own:\n%s", a.Alert, metric, a.Expr)
			}
		}
	}
	if judged != 4 {
		t.Errorf("%d rules judge an objective", judged)
	}
}

// Every metric and every label that rules and dashboard name is shown by a
// gateway that has done something.
func TestRulesAndDashboardNameWhatIsThere(t *testing.T) {
	t.Parallel()
	paid := section{"providers": []section{{"name": "a", "kind": "mock", "model": "picture=copy", "priceFen": 20}}}
	s := gatewayWith(t, laid(unlimited(), paid))
	s.workerWith(t, paid)
	if _, err := s.operators(t, "").SetBudgets(t.Context(), map[string]int64{"a": 25}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	p := s.person(t, 1)
	p.finish(t, p.submit(t, 1).TaskID)
	shows(t, map[string]float64{`imgfleet_dispatch_alarm_info{alarm="budget",name="a"}`: 1, `imgfleet_pictures_total{model="mock",provider="a"}`: 1}, s.admin)
	there := make(map[string]map[string]bool) // labels of each name
	for name := range series(t, s.admin) {
		name, labels, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
		if there[name] == nil {
			there[name] = map[string]bool{"instance": true} // of the scrape
		}
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(labels, -1) {
			there[name][l[1]] = true
		}
	}
	exprs := drawn(t)
	for _, a := range shippedAlerts(t) {
		exprs = append(exprs, a.Expr)
	}
	selector := regexp.MustCompile(`(imgfleet_\w+)(?:\{([^}]*)\})?`)
	for _, expr := range exprs {
		found := selector.FindAllStringSubmatch(expr, -1)
		if len(found) == 0 {
			t.Errorf("no metric of ours in %s", expr)
		}
		for _, m := range found {
			if there[m[1]] == nil {
				t.Errorf("there is no %s, which stands in %s", m[1], expr)
			}
			for _, l := range regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"`).FindAllStringSubmatch(m[2], -1) {
				if !there[m[1]][l[1]] {
					t.Errorf("%s has no label %s: %s", m[1], l[1], expr)
				}
			}
		}
	}
}
