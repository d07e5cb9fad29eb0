package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"runtime"

	"github.com/imgfleet/imgfleet/gateway/httpapi/strictjson"
	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// live says that this process answers; it depends on nothing else.
func (s *Server) live(_ context.Context, c *call) error {
	return c.answer(http.StatusOK, struct {
		Status string `json:"status"`
	}{"live"})
}

// readyAfter is when a client may ask again.
const readyAfter = "3"

// ready says whether this gateway should get traffic. What exactly is wrong is
// for operators: the admin listener says it.
func (s *Server) ready(ctx context.Context, c *call) error {
	report := s.deps.Ready.Report(ctx)
	if s.left() {
		report = report.Without("serving", "this gateway is stopping")
	}
	s.sayReadiness(report)
	if report.Ready {
		return c.answer(http.StatusOK, report.Public())
	}
	c.set("Retry-After", readyAfter)
	return c.answer(http.StatusServiceUnavailable, report.Public())
}

// sayReadiness logs what changed since the last report that somebody got: the
// answer, or which checks it is because of.
func (s *Server) sayReadiness(r readiness.Report) {
	var failing []string
	for _, c := range r.Checks {
		if !c.OK {
			failing = append(failing, c.Name)
		}
	}
	switch fresh := s.readiness.Worth(fmt.Sprint(r.Ready, failing)); {
	case fresh && r.Ready:
		s.log.Info("gateway is ready", "without", failing)
	case fresh:
		s.log.Warn("gateway is not ready", "because", r.Trouble())
	}
}

func (s *Server) version(_ context.Context, c *call) error {
	return c.answer(http.StatusOK, struct {
		Version
		Go string `json:"go"`
	}{s.deps.Version, runtime.Version()})
}

// reportClientError logs what broke on somebody's phone.
func (s *Server) reportClientError(_ context.Context, c *call) error {
	in, err := c.json()
	if err != nil {
		return err
	}
	what := in.String("message", strictjson.Required)
	where := in.String("source", strictjson.Optional)
	stack := in.String("stack", strictjson.Optional)
	page := in.String("page", strictjson.Optional)
	line := in.Int("line", strictjson.Optional)
	if err := in.Err(); err != nil {
		return err
	}
	s.met.reports.Inc()
	attrs := []any{telemetry.FieldRequest, c.id, "message", scrub(what), "source", scrub(where), "stack", scrub(stack), "page", scrub(page)}
	if line != nil {
		attrs = append(attrs, "line", *line)
	}
	s.log.Warn("client error", attrs...)
	return c.empty(http.StatusAccepted)
}
