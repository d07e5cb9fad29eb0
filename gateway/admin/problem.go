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
	errToken   = fault.New(fault.AdminTokenRequired)
	errHost    = fault.New(fault.HostNotAllowed)
	errNoRoute = fault.New(fault.AdminRouteNotFound)
	errMethod  = fault.New(fault.MethodNotAllowed)
)

// statusOf is the only place here that knows HTTP statuses of faults.
func statusOf(f *fault.Fault) int {
	if f.Code == errMethod.Code {
		return http.StatusMethodNotAllowed
	}
	if f.Code == fault.VersionConflict {
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
	case fault.AdminTokenRequired:
		s = "the admin token is missing or wrong"
	case fault.HostNotAllowed:
		s = "this API is called by its address or by a name in admin.hosts"
	case fault.AdminRouteNotFound:
		s = "there is no such route; client and gateway may differ in version"
	case fault.MethodNotAllowed:
		s = "this route does not take this method"
	case fault.JSONRequired:
		s = "the body must be application/json"
	case fault.BodyTooLarge:
		s = "the body is too large"
	case fault.TaskNotFound:
		s = "there is no such task; it may have expired"
	case fault.SessionNotFound:
		s = "there is no such session"
	case fault.ProviderNotFound:
		s = "no provider of this name is configured ({known})"
	case fault.SwitchRunning:
		s = "tasks are being moved from {from} to {to} already; abort that first"
	case fault.SwitchNotRunning:
		s = "no switch of providers is under way"
	case fault.WorkerNotFound:
		s = "no worker of this id is known"
	case fault.TaskFinished:
		s = "the task has finished already"
	case fault.VersionConflict:
		s = "the operator state has changed in between; it is at version {version} now"
	case fault.UndoSuperseded:
		s = "a later change touched the same as change {version}; undo that one first"
	case fault.NotUndoable:
		s = "change {version} was an act that cannot be taken back"
	case fault.ChangeNotFound:
		s = "change {version} is not in the history (the last 1000 are kept)"
	case fault.PolicyInvalid, fault.InvalidRequest, fault.BodyInvalid:
		s = "the request is refused"
	case fault.CDNNotConfigured:
		s = "no CDN is configured that this gateway may refresh (cdn.baseUrl, cdn.accessKey, cdn.secretKey, cdn.domainId)"
	case fault.EngineUnavailable, fault.EngineTimeout:
		s = "the engine does not answer; try again"
	default:
		if s = wordsOf(f.Code); s == "" {
			s = strings.ReplaceAll(string(f.Code), "_", " ")
		}
	}
	for name, value := range f.Params {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	return s
}

// wordsOf says what the codes of catalogue, prompts and experiments mean.
func wordsOf(code fault.Code) string {
	return map[fault.Code]string{
		fault.CatalogInvalid:       "the catalogue is refused",
		fault.CatalogMalformed:     "the catalogue is no JSON document",
		fault.CatalogTooLarge:      "the catalogue is larger than 192 KiB",
		fault.CatalogConflict:      "the document was made from version {base}, but version {version} is in force; merge the two, or leave out the version",
		fault.CatalogFirst:         "no catalogue was in force before this one",
		fault.CatalogNotFound:      "catalogue {version} is not kept (the last 100 are)",
		fault.StyleNotFound:        "the catalogue has no such style ({known})",
		fault.PlaceNotFound:        "the catalogue has no such place ({known})",
		fault.ModelNotFound:        "nobody described how to ask this model ({known})",
		fault.PromptTooLong:        "style and safety wording are longer than this model reads; it would not be asked",
		fault.ExperimentRunning:    "the experiment {name} is running; stop it first",
		fault.ExperimentNotRunning: "the experiment {name} has been stopped already",
		fault.ExperimentExists:     "there was an experiment {name} already; take another name",
		fault.ExperimentNotFound:   "there is no such experiment",
		fault.CampaignExists:       "there is a campaign {name} already, or one that is over and still listed; take another name",
		fault.CampaignNotFound:     "there is no campaign {name}",
		fault.CampaignEnded:        "campaign {name} is over already",
		fault.CampaignsTooMany:     "at most {most} campaigns may be open or planned",
		fault.NoteRefused:          "the rules for words refuse this note",
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
		p.Violations = append(p.Violations, operator.Violation(v))
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	}
	return write(w, p.Status, "application/problem+json", p)
}
