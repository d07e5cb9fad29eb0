package admin_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func TestHowTasksGoOnIsSetWithAVersionAndRefusedByItsField(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	old := 0
	if _, err := c.SetFallback(t.Context(), operator.Patch{"mock": true}, operator.Edit{Version: &old}); err != nil {
		t.Fatal(err)
	}
	_, err := c.SetFallback(t.Context(), operator.Patch{"mock": false}, operator.Edit{Version: &old})
	var p *operator.Problem
	if !errors.As(err, &p) || p.Code != fault.PreconditionFailed {
		t.Errorf("an old version: %v", err)
	}
	if f := s.Policy.State().Fallback; f.Mock == nil || !*f.Mock || f.Unknown != nil {
		t.Errorf("the state has %+v", f)
	}
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"nothing":       {"PATCH", "/admin/fallback", `{}`, 400, `name at least one of mock, unknown`},
		"unknown field": {"PATCH", "/admin/fallback", `{"noticeAfter":"1s"}`, 400, `"pointer":"/noticeAfter","code":"unknown_field"`},
		"wrong type":    {"PATCH", "/admin/fallback", `{"mock":"on"}`, 400, `"pointer":"/mock","code":"wrong_type"`},
		"no such word":  {"PATCH", "/admin/fallback", `{"unknown":"maybe"}`, 422, `"pointer":"/fallback/unknown"`},
		"no share":      {"PATCH", "/admin/fallback", `{"hedgeBudget":1.5}`, 422, `"pointer":"/fallback/hedgeBudget"`},
		"a debt":        {"PATCH", "/admin/fallback", `{"doublePayFenPerDay":-1}`, 422, `"pointer":"/fallback/doublePayFenPerDay"`},
		"no such reset": {"POST", "/admin/fallback/reset", `{"fields":["colour"]}`, 422, `there is no field colour`},
	} {
		if w := raw(t, s, tc.method, tc.path, tc.body, nil); w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := raw(t, s, http.MethodPatch, "/admin/fallback", `{"mock":null}`, nil); w.Code != 200 || s.Policy.State().Fallback.Mock != nil {
		t.Errorf("null takes nothing back: %d %s", w.Code, w.Body)
	}
}
