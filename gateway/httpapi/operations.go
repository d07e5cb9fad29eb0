package httpapi

import (
	"context"
	"net/http"
	"regexp"
	"runtime"
	"time"

	"github.com/imgfleet/imgfleet/gateway/httpapi/strictjson"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// live says that this process answers; it depends on nothing else.
func (s *Server) live(_ context.Context, c *call) error {
	return c.answer(http.StatusOK, struct {
		Status string `json:"status"`
	}{"live"})
}

type readiness struct {
	Status string        `json:"status"`
	Checks []checkResult `json:"checks,omitempty"`
}

type checkResult struct {
	Name  string  `json:"name"`
	Ready bool    `json:"ready"`
	Took  float64 `json:"tookSeconds"`
}

const probeWithin = 2 * time.Second

// ready says whether this gateway should get traffic. What exactly failed is
// for the log, not for the public.
func (s *Server) ready(ctx context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	out := readiness{Status: "ready"}
	select {
	case <-s.stopping:
		out.Status = "stopping"
	default:
	}
	for _, check := range s.deps.Checks {
		began := time.Now()
		err := check.Probe(ctx)
		if err != nil {
			out.Status = string(fault.NotReady)
			s.log.Warn("not ready", "check", check.Name, "err", err)
		}
		out.Checks = append(out.Checks, checkResult{Name: check.Name, Ready: err == nil, Took: time.Since(began).Seconds()})
	}
	if !c.hasQuery("verbose") {
		out.Checks = nil
	}
	if out.Status == "ready" {
		return c.answer(http.StatusOK, out)
	}
	if out.Checks == nil {
		return fault.New(fault.NotReady)
	}
	c.set("Retry-After", "3")
	return c.answer(http.StatusServiceUnavailable, out)
}

func (s *Server) version(_ context.Context, c *call) error {
	return c.answer(http.StatusOK, struct {
		Version
		Go string `json:"go"`
	}{s.deps.Version, runtime.Version()})
}

const maxReportBytes = 500

// secrets are parts of a report that must not reach a log.
var secrets = regexp.MustCompile(`(?i)(eyJ[\w-]+\.[\w-]+\.[\w-]*|bearer\s+\S+|[?#][^\s"')]*)`)

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
	attrs := []any{"request", c.id, "message", scrub(what), "source", scrub(where), "stack", scrub(stack), "page", scrub(page)}
	if line != nil {
		attrs = append(attrs, "line", *line)
	}
	s.log.Warn("client error", attrs...)
	return c.empty(http.StatusAccepted)
}

func scrub(text string) string {
	text = secrets.ReplaceAllString(text, "…")
	if len(text) <= maxReportBytes {
		return text
	}
	cut := maxReportBytes
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + "…"
}
