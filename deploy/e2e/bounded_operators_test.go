package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
)

// operatorRows are the routes that imgctl uses. Changes are made over and over,
// so some are refused because they are made already.
func (b *bounded) operatorRows() map[string]row {
	ok := []int{http.StatusOK}
	reads := func(path string) row {
		return row{right: ok, ask: func(_ *testing.T, b *bounded) question { return b.operator(http.MethodGet, path, "") }}
	}
	writes := func(method, path, body string, right ...int) row {
		return row{right: append(right, http.StatusOK), ask: func(_ *testing.T, b *bounded) question { return b.operator(method, path, body) }}
	}
	named := func(method, path, body string, right ...int) row { // under a new name each time
		return row{right: append(right, http.StatusOK), ask: func(_ *testing.T, b *bounded) question {
			b.seed++
			name := fmt.Sprintf("name-%d", b.seed)
			return b.operator(method, path, fmt.Sprintf(body, name))
		}}
	}
	const gone, conflict, bad = http.StatusNotFound, http.StatusConflict, http.StatusBadRequest
	all := map[string]row{
		"GET /admin/limits": reads("/admin/limits"), "PATCH /admin/limits": writes(http.MethodPatch, "/admin/limits", `{"limits":{"sessionDaily":0}}`),
		"POST /admin/limits/reset": writes(http.MethodPost, "/admin/limits/reset", `{"keys":["taskFen"]}`),
		"GET /admin/version":       reads("/admin/version"), "GET /admin/status": reads("/admin/status"),
		"GET /admin/providers":          reads("/admin/providers"),
		"PATCH /admin/providers/{name}": writes(http.MethodPatch, "/admin/providers/other", `{"weight":0}`),
		"GET /admin/switch":             reads("/admin/switch"),
		"POST /admin/switch":            writes(http.MethodPost, "/admin/switch?dryRun=true", `{"from":"mock","to":"other","steps":[100],"everySeconds":60}`),
		"POST /admin/switch/abort":      writes(http.MethodPost, "/admin/switch/abort", "", gone, conflict),
		"GET /admin/experiments":        reads("/admin/experiments"),
		"POST /admin/experiments":       writes(http.MethodPost, "/admin/experiments?dryRun=true", `{"name":"one","arms":[{"name":"a","provider":"mock","weight":1},{"name":"b","provider":"other","weight":1}]}`),
		"GET /admin/experiments/{name}": {right: []int{gone}, ask: func(_ *testing.T, b *bounded) question {
			return b.operator(http.MethodGet, "/admin/experiments/none", "")
		}},
		"GET /admin/budgets":                  reads("/admin/budgets"),
		"PATCH /admin/budgets":                writes(http.MethodPatch, "/admin/budgets", `{"budgets":{"other":7}}`),
		"POST /admin/budgets/reset":           writes(http.MethodPost, "/admin/budgets/reset", `{"names":["other"]}`),
		"GET /admin/fallback":                 reads("/admin/fallback"),
		"PATCH /admin/fallback":               writes(http.MethodPatch, "/admin/fallback", `{"hedgeBudget":0.01}`),
		"POST /admin/fallback/reset":          writes(http.MethodPost, "/admin/fallback/reset", `{}`),
		"GET /admin/campaigns":                reads("/admin/campaigns"),
		"POST /admin/campaigns/{name}/end":    writes(http.MethodPost, "/admin/campaigns/none/end", "", gone),
		"PATCH /admin/campaigns/{name}":       writes(http.MethodPatch, "/admin/campaigns/none", `{"capacity":3}`, gone),
		"POST /admin/experiments/{name}/stop": writes(http.MethodPost, "/admin/experiments/none/stop", "", gone),
		"POST /admin/campaigns":               named(http.MethodPost, "/admin/campaigns", `{"name":%q,"capacity":5,"from":"2100-01-01T00:00:00Z","to":"2100-01-02T00:00:00Z"}`, conflict),
		"GET /admin/costs":                    reads("/admin/costs"), "GET /admin/cache": reads("/admin/cache"),
		"POST /admin/cache/purge":      writes(http.MethodPost, "/admin/cache/purge", `{"style":"`+styleID+`"}`),
		"GET /admin/catalog":           reads("/admin/catalog"),
		"PUT /admin/catalog":           writes(http.MethodPut, "/admin/catalog", `{}`, bad, http.StatusUnprocessableEntity),
		"POST /admin/catalog/rollback": writes(http.MethodPost, "/admin/catalog/rollback", `{}`, gone, conflict),
		"POST /admin/prompts/render":   writes(http.MethodPost, "/admin/prompts/render", `{"model":"none","style":"`+styleID+`","place":"`+placeID+`"}`, gone),
		"GET /admin/prompts/models":    reads("/admin/prompts/models"), "GET /admin/engine": reads("/admin/engine"),
		"POST /admin/engine/apply": writes(http.MethodPost, "/admin/engine/apply?dryRun=true", `{}`),
		"GET /admin/storage":       reads("/admin/storage"), "GET /admin/tasks": reads("/admin/tasks"),
		"GET /admin/workers": reads("/admin/workers"), "PATCH /admin/workers/{id}": writes(http.MethodPatch, "/admin/workers/none", `{"drain":false}`, gone),
		"GET /admin/intake": reads("/admin/intake"), "PUT /admin/intake": writes(http.MethodPut, "/admin/intake", `{"paused":false}`),
		"GET /admin/history": reads("/admin/history"), "POST /admin/history/{version}/undo": writes(http.MethodPost, "/admin/history/1/undo", "", gone, conflict),
		"GET /metrics": reads("/metrics"), "GET /debug/pprof/": reads("/debug/pprof/"),
	}
	for name, r := range b.subjectRows() {
		all[name] = r
	}
	return all
}

// subjectRows are about a task or a session.
func (b *bounded) subjectRows() map[string]row {
	on := func(method, path, body string, of func(t *testing.T, b *bounded) string, right ...int) row {
		return row{right: append(right, http.StatusOK), ask: func(t *testing.T, b *bounded) question {
			return b.operator(method, fmt.Sprintf(path, of(t, b)), body)
		}}
	}
	ours := func(_ *testing.T, b *bounded) string { return string(b.person.ID()) }
	someone := func(t *testing.T, b *bounded) string { return string(b.newcomer(t).ID()) }
	finished := func(_ *testing.T, b *bounded) string { return string(b.finished.TaskID) }
	fresh := func(t *testing.T, b *bounded) string { return string(b.task(t, b.person).TaskID) }
	return map[string]row{
		"GET /admin/sessions/{id}":         on(http.MethodGet, "/admin/sessions/%s", "", ours),
		"DELETE /admin/sessions/{id}":      on(http.MethodDelete, "/admin/sessions/%s", "", someone),
		"POST /admin/sessions/{id}/grants": on(http.MethodPost, "/admin/sessions/%s/grants", `{"externalId":"x","tasks":1}`, ours),
		"GET /admin/tasks/{id}":            on(http.MethodGet, "/admin/tasks/%s?wait=20", "", finished),
		"POST /admin/tasks/{id}/cancel":    on(http.MethodPost, "/admin/tasks/%s/cancel", "", fresh, http.StatusConflict),
	}
}
