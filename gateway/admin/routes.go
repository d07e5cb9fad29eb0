package admin

import (
	"context"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// handler answers one route: a document for 200, or an error for problem.go.
type handler func(r *http.Request) (any, error)

// taking answers a route whose request has a document as its body.
func taking[T any](h func(r *http.Request, in T) (any, error)) handler {
	return func(r *http.Request) (any, error) {
		var in T
		if err := decode(r, &in); err != nil {
			return nil, err
		}
		return h(r, in)
	}
}

// routes are all of the API, by path and method.
func (s *Server) routes() map[string]map[string]handler {
	return map[string]map[string]handler{
		"/admin/version":                 {"GET": s.version},
		"/admin/status":                  {"GET": s.status},
		"/admin/limits":                  {"GET": s.limits, "PATCH": taking(s.setLimits)},
		"/admin/limits/reset":            {"POST": taking(s.resetLimits)},
		"/admin/sessions/{id}":           {"GET": s.session, "DELETE": s.eraseSession},
		"/admin/sessions/{id}/grants":    {"POST": taking(s.grant)},
		"/admin/providers":               {"GET": s.providers},
		"/admin/providers/{name}":        {"PATCH": s.changeProvider},
		"/admin/switch":                  {"GET": s.showSwitch, "POST": taking(s.startSwitch)},
		"/admin/switch/abort":            {"POST": s.abortSwitch},
		"/admin/experiments":             {"GET": s.experiments, "POST": s.startExperiment},
		"/admin/experiments/{name}":      {"GET": s.reportExperiment},
		"/admin/experiments/{name}/stop": {"POST": s.stopExperiment},
		"/admin/budgets":                 {"GET": s.budgets, "PATCH": taking(s.setBudgets)},
		"/admin/budgets/reset":           {"POST": taking(s.resetBudgets)},
		"/admin/fallback":                {"GET": s.fallback, "PATCH": taking(s.setFallback)},
		"/admin/fallback/reset":          {"POST": taking(s.resetFallback)},
		"/admin/campaigns":               {"GET": s.campaigns, "POST": s.createCampaign},
		"/admin/campaigns/{name}":        {"PATCH": taking(s.changeCampaign)},
		"/admin/campaigns/{name}/end":    {"POST": s.endCampaign},
		"/admin/costs":                   {"GET": s.costs},
		"/admin/cache":                   {"GET": s.cacheStats},
		"/admin/cache/purge":             {"POST": taking(s.purgeCache)},
		"/admin/catalog":                 {"GET": s.catalog, "PUT": s.applyCatalog},
		"/admin/catalog/rollback":        {"POST": taking(s.rollbackCatalog)},
		"/admin/prompts/render":          {"POST": taking(s.renderPrompt)},
		"/admin/prompts/models":          {"GET": s.models},
		"/admin/engine":                  {"GET": s.engineStatus},
		"/admin/engine/apply":            {"POST": taking(s.applyEngine)},
		"/admin/storage":                 {"GET": s.storage},
		"/admin/tasks":                   {"GET": s.tasks},
		"/admin/tasks/{id}":              {"GET": s.task},
		"/admin/tasks/{id}/cancel":       {"POST": s.cancelTask},
		"/admin/workers":                 {"GET": s.workers},
		"/admin/workers/{id}":            {"PATCH": taking(s.changeWorker)},
		"/admin/intake":                  {"GET": s.intake, "PUT": taking(s.changeIntake)},
		"/admin/history":                 {"GET": s.history},
		"/admin/history/{version}/undo":  {"POST": s.undo},
	}
}

// Handler serves the API, /metrics, profiles, /livez and /readyz. Metrics need no
// token, so that a scraper needs none; they name no person.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, methods := range s.routes() {
		mux.Handle(path, s.guard.token(s.serve(path, methods)))
	}
	for path, h := range map[string]http.HandlerFunc{
		"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
	} {
		mux.Handle(path, s.guard.token(h))
	}
	if s.deps.Registry != nil {
		mux.Handle("/metrics", telemetry.Handler(s.deps.Registry))
	}
	mux.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", s.ready)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { writeProblem(w, r, errNoRoute) })
	return s.guard.host(mux)
}

// answerWithin is how long a request waits for engine and store.
const answerWithin = 4500 * time.Millisecond

// lasting are the changes that take a while where there is much to do. Each of
// their steps has a bound of its own, and the first that fails ends them.
func lasting(method, path string) bool {
	switch method + " " + path {
	case "DELETE /admin/sessions/{id}", "POST /admin/cache/purge", "POST /admin/engine/apply":
		return true
	}
	return false
}

// serve picks the method's handler and writes what it returns.
func (s *Server) serve(path string, methods map[string]handler) http.Handler {
	allowed := make([]string, 0, len(methods))
	for m := range methods {
		allowed = append(allowed, m)
	}
	slices.Sort(allowed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		done := s.observe(path, r)
		h, ok := methods[r.Method]
		if !ok {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			done(writeProblem(w, r, errMethod))
			return
		}
		if !lasting(r.Method, path) {
			ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
			defer cancel()
			r = r.WithContext(ctx)
		}
		out, err := safely(h, r)
		if err != nil {
			done(writeProblem(w, r, err))
			s.complain(r, err)
			return
		}
		s.tag(w)
		done(writeJSON(w, http.StatusOK, out))
	})
}
