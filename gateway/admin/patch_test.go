package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

// campaigned is an API with an open campaign.
func campaigned(t *testing.T) (c *operator.Client, stored func() operator.Campaign, ask func(method, path, body string) (int, string)) {
	t.Helper()
	s, c := connect(t)
	if _, err := c.CreateCampaign(t.Context(), "expo", operator.Patch{
		"from": time.Now(), "to": time.Now().Add(time.Hour), "capacity": 500, "landingUrl": "https://example.com/expo", "dailyBudgetFen": int64(1)<<53 + 1,
	}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	return c, func() operator.Campaign { return s.Policy.State().Campaigns["expo"] }, func(method, path, body string) (int, string) {
		w := raw(t, s, method, path, body, nil)
		return w.Code, w.Body.String()
	}
}

// RFC 7396: what is named changes, null takes away, the rest stays.
func TestAPatchChangesWhatItNames(t *testing.T) {
	t.Parallel()
	c, stored, _ := campaigned(t)
	before := stored()
	if before.DailyBudgetFen != 1<<53+1 {
		t.Errorf("a large number became %d", before.DailyBudgetFen)
	}
	if _, err := c.ChangeCampaign(t.Context(), "expo", operator.Patch{"capacity": 800, "landingUrl": nil, "brandMark": "春茶节"}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	want := before
	want.Capacity, want.LandingURL, want.BrandMark = 800, "", "春茶节"
	if got := stored(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if ch, err := c.ChangeCampaign(t.Context(), "expo", operator.Patch{"capacity": 800}, operator.Edit{}); err != nil || !ch.Unchanged {
		t.Errorf("the same again: %+v, %v", ch, err)
	}
}

func TestAPatchThatCannotBeIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	_, stored, ask := campaigned(t)
	before := stored()
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"unknown":             {"PATCH", "/admin/campaigns/expo", `{"colour":"red"}`, 400, `"pointer":"/colour","code":"unknown_field"`},
		"wrong type":          {"PATCH", "/admin/campaigns/expo", `{"capacity":"many"}`, 400, `"pointer":"/capacity","code":"wrong_type","detail":"must be a number, is string"`},
		"the gateway's":       {"PATCH", "/admin/campaigns/expo", `{"endedAt":null}`, 400, `"pointer":"/endedAt"`},
		"needed":              {"PATCH", "/admin/campaigns/expo", `{"capacity":null}`, 422, `"pointer":"/campaigns/expo/capacity"`},
		"no object":           {"PATCH", "/admin/campaigns/expo", `[1]`, 400, `must be an object`},
		"a name in a patch":   {"PATCH", "/admin/campaigns/expo", `{"name":"fair"}`, 400, `"pointer":"/name","code":"unknown_field"`},
		"begun by a client":   {"POST", "/admin/experiments", `{"name":"sky","arms":[],"startedAt":"2026-01-01T00:00:00Z"}`, 400, `"pointer":"/startedAt"`},
		"unknown of an arm":   {"POST", "/admin/experiments", `{"name":"sky","arms":[{"name":"a","moons":3}]}`, 400, `"pointer":"/moons","code":"unknown_field"`},
		"unknown of a limit":  {"PATCH", "/admin/limits", `{"limit":{"sessionDaily":1}}`, 400, `"pointer":"/limit","code":"unknown_field"`},
		"wrong type, a limit": {"PATCH", "/admin/limits", `{"limits":{"sessionDaily":"1"}}`, 400, `"pointer":"/limits","code":"wrong_type"`},
	} {
		status, body := ask(tc.method, tc.path, tc.body)
		if status != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %d %s, want %d with %s", name, status, body, tc.status, tc.want)
		}
	}
	if got := stored(); got != before {
		t.Errorf("a refused patch left %+v", got)
	}
}

func TestNullTakesALimitBack(t *testing.T) {
	t.Parallel()
	s, _ := connect(t)
	for _, step := range []struct {
		body string
		want int64
	}{{`{"limits":{"sessionDaily":3}}`, 3}, {`{"limits":{"sessionDaily":null}}`, 20}} {
		if w := raw(t, s, "PATCH", "/admin/limits", step.body, nil); w.Code != 200 || s.Policy.Limits().SessionDaily != step.want {
			t.Errorf("%s: %d %s, sessionDaily = %d, want %d", step.body, w.Code, w.Body, s.Policy.Limits().SessionDaily, step.want)
		}
	}
}
