package dev_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/ctl/dev"
)

func TestVendorsArePlayedAndReplaceTheConfiguredOnes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.config()
	c.Workers = 1
	c.Simulate = []string{"seedream?median=4s&timeout=0.05&weight=80&model=m", "openai?name=maas&priceFen=7&timeout=30s", "hunyuan", "mock?latency=1s"}
	s := r.start(t, c)
	if !regexp.MustCompile(`^ready http://127\.0\.0\.1:\d+ admin http://127\.0\.0\.1:\d+$`).MatchString(s.ready) {
		t.Errorf("ready line: %q", s.ready)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	got := r.notes(t)
	doubles := list(t, got, `vendors up vendors=(.*)`)
	if len(doubles) != 3 || doubles[0]["kind"] != "seedream" || doubles[0]["knobs"] != "median=4s&timeout=0.05" || doubles[1]["name"] != "maas" {
		t.Errorf("doubles = %v", doubles)
	}
	private, public := list(t, got, `providers=(.*apiKey.*)`), list(t, got, `gateway providers=(.*)`)
	if len(private) != 4 || len(public) != 4 || strings.Count(got, "providers=") != 2 {
		t.Fatalf("providers = %v, %v", private, public)
	}
	for i := range doubles {
		if want := "http://" + doubles[i]["listen"].(string); private[i]["baseUrl"] != want {
			t.Errorf("base URL = %v, want %s", private[i]["baseUrl"], want)
		}
		if private[i]["apiKey"] != doubles[i]["apiKey"] || public[i]["apiKey"] != nil {
			t.Errorf("keys: %v of the worker, %v of the double, %v of the gateway", private[i]["apiKey"], doubles[i]["apiKey"], public[i]["apiKey"])
		}
	}
	if p := private[0]; p["weight"] != 80.0 || p["model"] != "m" || p["priceFen"] != 20.0 || private[1]["priceFen"] != 7.0 || private[1]["timeout"] != "30s" || p["timeout"] != nil {
		t.Errorf("settings = %v", private)
	}
	if p := private[3]; p["kind"] != "mock" || p["model"] != "latency=1s" || p["baseUrl"] != nil {
		t.Errorf("the mock is %v", p)
	}
	if !strings.Contains(r.words.String(), "Simulated vendors, nothing is paid: seedream, maas, hunyuan   Books: http://127.0.0.1:") {
		t.Errorf("nobody was told:\n%s", r.words)
	}
	if strings.Index(got, "vendors up") > strings.Index(got, "gateway up") || strings.Index(got, "worker down") > strings.Index(got, "vendors down") {
		t.Errorf("vendors must be there before anybody and outlive the workers:\n%s", got)
	}
}

// list reads a JSON list out of the notes.
func list(t *testing.T, notes, pattern string) (out []map[string]any) {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(notes)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, notes)
	}
	if err := json.Unmarshal([]byte(m[1]), &out); err != nil {
		t.Fatalf("%s: %v", m[1], err)
	}
	return out
}

func TestWithoutSimulateNobodyPlaysAVendor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.start(t, r.config()).stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.notes(t); strings.Contains(got, "vendors up") || strings.Contains(got, `providers=[`) {
		t.Errorf("providers were replaced:\n%s", got)
	}
}

func TestFaultsOfSimulateAreNamed(t *testing.T) {
	t.Parallel()
	for item, want := range map[string]string{
		"?median=4s": "kind of provider", "a b": "kind of provider", "seedream?a=%zz": "query", "seedream?weight=x": "weight must be a number",
		"seedream?priceFen=-1": "priceFen must be a number", "openai,openai": "there twice", "seedream?name=a,openai?name=a": "there twice",
	} {
		c := dev.Defaults()
		c.Simulate = strings.Split(item, ",")
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "--simulate") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want it to say %q", item, err, want)
		}
	}
}
