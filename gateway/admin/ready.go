package admin

import (
	"net/http"

	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// readyAfter is when a client may ask again.
const readyAfter = "3"

// ready answers probes, which have no token: they get what the public listener
// says. With the token every check that is not ok says why. A token that is
// wrong is refused rather than overlooked.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	report := s.deps.Ready.Report(r.Context())
	if r.Header.Get("Authorization") == "" {
		report = report.Public()
	} else if !s.guard.allows(r) {
		refuseToken(w, r)
		return
	}
	status := http.StatusOK
	if !report.Ready {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", readyAfter)
	}
	writeJSON(w, status, report)
}

func checks(r readiness.Report) []operator.Check {
	out := make([]operator.Check, len(r.Checks))
	for i, c := range r.Checks {
		out[i] = operator.Check(c)
	}
	return out
}
