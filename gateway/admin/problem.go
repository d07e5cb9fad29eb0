package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// Refusals of the API itself.
var (
	errToken   = fault.New(fault.Unauthenticated, "admin_token_required")
	errHost    = fault.New(fault.Forbidden, "host_not_allowed")
	errNoRoute = fault.New(fault.NotFound, "route_not_found")
	errMethod  = fault.New(fault.Invalid, "method_not_allowed")
	errPanic   = fault.New(fault.Internal, "internal")
)

// statusOf is the only place here that knows HTTP statuses of faults.
func statusOf(f *fault.Fault) int {
	if f.Code == errMethod.Code {
		return http.StatusMethodNotAllowed
	}
	if f.Code == "version_conflict" {
		return http.StatusPreconditionFailed
	}
	switch f.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unprocessable:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Gone:
		return http.StatusGone
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable, fault.Canceled:
		return http.StatusServiceUnavailable
	case fault.Timeout:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// sentence says to an operator what a code means and what to do.
func sentence(f *fault.Fault) string {
	var s string
	switch f.Code {
	case "admin_token_required":
		s = "the admin token is missing or wrong"
	case "host_not_allowed":
		s = "this API is called by its address or by a name in admin.hosts"
	case "route_not_found":
		s = "there is no such route; client and gateway may differ in version"
	case "method_not_allowed":
		s = "this route does not take this method"
	case "json_required":
		s = "the body must be application/json"
	case "body_too_large":
		s = "the body is too large"
	case "task_not_found":
		s = "there is no such task; it may have expired"
	case "session_not_found":
		s = "there is no such session"
	case "provider_not_found":
		s = "no provider of this name is configured ({known})"
	case "switch_running":
		s = "tasks are being moved from {from} to {to} already; abort that first"
	case "switch_not_running":
		s = "no switch of providers is under way"
	case "worker_not_found":
		s = "no worker of this id is known"
	case "task_finished":
		s = "the task has finished already"
	case "version_conflict":
		s = "the operator state has changed in between; it is at version {version} now"
	case "undo_superseded":
		s = "a later change touched the same as change {version}; undo that one first"
	case "not_undoable":
		s = "change {version} was an act that cannot be taken back"
	case "change_not_found":
		s = "change {version} is not in the history (the last 1000 are kept)"
	case "policy_invalid", "request_invalid", "body_invalid":
		s = "the request is refused"
	case "cdn_not_configured":
		s = "no CDN is configured that this gateway may refresh (cdn.baseUrl, cdn.accessKey, cdn.secretKey, cdn.domainId)"
	case "engine_unavailable", "engine_timeout":
		s = "the engine does not answer; try again"
	default:
		if s = wordsOf(f.Code); s == "" {
			s = strings.ReplaceAll(f.Code, "_", " ")
		}
	}
	for name, value := range f.Params {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	return s
}

// wordsOf says what the codes of catalogue, prompts and experiments mean.
func wordsOf(code string) string {
	return map[string]string{
		"catalog_invalid":        "the catalogue is refused",
		"catalog_malformed":      "the catalogue is no JSON document",
		"catalog_too_large":      "the catalogue is larger than 192 KiB",
		"catalog_conflict":       "the document was made from version {base}, but version {version} is in force; merge the two, or leave out the version",
		"catalog_first":          "no catalogue was in force before this one",
		"catalog_not_found":      "catalogue {version} is not kept (the last 100 are)",
		"style_not_found":        "the catalogue has no such style ({known})",
		"place_not_found":        "the catalogue has no such place ({known})",
		"model_not_found":        "nobody described how to ask this model ({known})",
		"prompt_too_long":        "style and safety wording are longer than this model reads; it would not be asked",
		"experiment_running":     "the experiment {name} is running; stop it first",
		"experiment_not_running": "the experiment {name} has been stopped already",
		"experiment_exists":      "there was an experiment {name} already; take another name",
		"experiment_not_found":   "there is no such experiment",
		"campaign_exists":        "there is a campaign {name} already, or one that is over and still listed; take another name",
		"campaign_not_found":     "there is no campaign {name}",
		"campaign_over":          "campaign {name} is over already",
		"campaigns_too_many":     "at most {most} campaigns may be open or planned",
		"note_refused":           "the rules for words refuse this note",
	}[code]
}

// writeProblem answers with a problem document and returns its status.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) int {
	f := fault.As(err)
	p := operator.Problem{
		Type: "about:blank", Title: http.StatusText(statusOf(f)), Status: statusOf(f), Detail: sentence(f), Code: f.Code,
		Retryable: f.Kind == fault.Unavailable || f.Kind == fault.Limited || f.Kind == fault.Timeout || f.Kind == fault.Canceled,
		RequestID: r.Header.Get("X-Request-Id"), Params: f.Params,
	}
	for _, v := range f.Violations {
		p.Violations = append(p.Violations, operator.Violation{Pointer: v.Pointer, Code: v.Code, Detail: v.Detail})
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	}
	return write(w, p.Status, "application/problem+json", p)
}
