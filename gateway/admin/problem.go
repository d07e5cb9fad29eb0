package admin

import (
	"net/http"
	"strconv"

	"github.com/imgfleet/imgfleet/gateway/httpapi/status"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// Refusals of the API itself.
var (
	errToken   = fault.New(fault.AdminTokenRequired)
	errHost    = fault.New(fault.HostNotAllowed)
	errNoRoute = fault.New(fault.NothingHere)
	errMethod  = fault.New(fault.MethodNotAllowed)
)

// writeProblem answers with a problem document and returns its status.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) int {
	f := fault.As(err)
	is := status.Of(f.Kind, f.Code)
	p := operator.Problem{
		Type: "about:blank", Title: http.StatusText(is), Status: is, Detail: sentence(f), Code: f.Code,
		Retryable: f.Retryable(), RequestID: r.Header.Get("X-Request-Id"), Params: f.Params, Violations: f.Violations,
	}
	switch {
	case f.RetryAfter > 0:
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	case is == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "3")
	}
	return write(w, p.Status, "application/problem+json", p)
}
