package httpapi

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/httpapi/status"
	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// classify finds the fault in err. Contexts that end are nobody's bug.
func classify(err error) *fault.Fault {
	f := fault.As(err)
	if f.Kind != fault.Internal {
		return f
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.DeadlineExceeded, err)
	case errors.Is(err, context.Canceled):
		return fault.Wrap(fault.RequestCanceled, err)
	}
	return f
}

//go:embed sentences.json
var sentencesJSON []byte

// sentences are what people read about a failure, by code.
type sentences map[string]catalog.Text

func loadSentences() (sentences, error) {
	var s sentences
	if err := json.Unmarshal(sentencesJSON, &s); err != nil {
		return nil, fmt.Errorf("sentences: %w", err)
	}
	return s, nil
}

// sentence is that of a code. A code without one gets that of its kind, which
// every kind has.
func (s sentences) sentence(k fault.Kind, code fault.Code, language string, params map[string]string) string {
	t, ok := s[string(code)]
	if !ok {
		t = s["kind:"+k.String()]
	}
	out := t.In(language)
	for name, value := range params {
		out = strings.ReplaceAll(out, "{"+name+"}", value)
	}
	return out
}

func (s sentences) title(k fault.Kind, language string) string {
	return s["title:"+k.String()].In(language)
}

func problemType(code fault.Code) string { return "urn:imgfleet:problem:" + string(code) }

// describe makes the document of a failure. What caused it never leaves the
// process, and an internal failure says nothing but that.
func (s sentences) describe(err error, language, requestID string) client.Problem {
	f := classify(err)
	code, params := f.Code, f.Params
	if f.Kind == fault.Internal {
		code, params = fault.InternalError, nil
	}
	p := client.Problem{
		Type: problemType(code), Title: s.title(f.Kind, language), Status: status.Of(f.Kind, code),
		Detail: s.sentence(f.Kind, code, language, params), Code: code, Retryable: f.Retryable(), RequestID: requestID,
	}
	if f.Kind == fault.Internal {
		return p
	}
	if !f.ResetsAt.IsZero() {
		at := f.ResetsAt.UTC()
		p.ResetsAt = &at
	}
	if raw := f.Params["challenge"]; f.Kind == fault.Challenge && json.Valid([]byte(raw)) {
		p.Challenge = json.RawMessage(raw)
	}
	p.Violations = f.Violations
	return p
}

// failure makes the document of a task that failed.
func (s sentences) failure(f *task.Failure, language string) client.Problem {
	k := fault.ParseKind(f.Kind)
	return client.Problem{
		Type: problemType(f.Code), Title: s.title(k, language), Status: status.Of(k, f.Code),
		Detail: s.sentence(k, f.Code, language, f.Params), Code: f.Code, Retryable: f.Retryable,
	}
}

// retryAfter says how many seconds to wait; statuses that promise the header
// always have one.
func retryAfter(f *fault.Fault, status int) int64 {
	if f.RetryAfter > 0 {
		return max(1, int64(math.Ceil(f.RetryAfter.Seconds())))
	}
	switch status {
	case http.StatusTooManyRequests:
		return 10
	case http.StatusServiceUnavailable:
		return 3
	default:
		return 0
	}
}

// fail answers with the problem document of err.
func (c *call) fail(err error) {
	f := classify(err)
	p := c.s.sentences.describe(err, c.language, c.id)
	c.code, c.cause = string(p.Code), err
	c.takeBack("ETag", "Location", "Content-Length", "Content-Encoding")
	c.set("Cache-Control", "no-store")
	if wait := retryAfter(f, p.Status); wait > 0 {
		c.set("Retry-After", strconv.FormatInt(wait, 10))
	}
	if p.Status == http.StatusUnauthorized {
		c.set("WWW-Authenticate", challenge(p.Code))
	}
	out, marshalErr := sonic.Marshal(p)
	if marshalErr != nil {
		out = []byte(`{"type":"about:blank","status":500,"code":"internal"}`)
	}
	c.raw(p.Status, "application/problem+json", out)
}

// challenge is the header of RFC 6750. It names no error when no token was
// sent.
func challenge(code fault.Code) string {
	if code == fault.TokenMissing {
		return `Bearer realm="imgfleet"`
	}
	return `Bearer realm="imgfleet", error="invalid_token", error_description="` + string(code) + `"`
}

// refusal is the whole answer to a request that could not even be read.
func (s *Server) refusal(status int) []byte {
	code := fault.MalformedRequest
	switch status {
	case wire.AmbiguousLength:
		code = fault.AmbiguousLength
	case http.StatusRequestTimeout:
		code = fault.RequestTimeout
	case http.StatusRequestHeaderFieldsTooLarge:
		code = fault.HeaderTooLarge
	case http.StatusRequestEntityTooLarge:
		code = fault.BodyTooLarge
	}
	id := newRequestID()
	p := s.sentences.describe(fault.New(code), chinese, id)
	body, _ := sonic.Marshal(p)
	s.met.malformed.WithLabelValues(string(code)).Inc()
	s.log.Info("request refused", telemetry.FieldRequest, id, "status", p.Status, "code", code)
	return wholeAnswer(p.Status, id, body, "")
}

// wholeAnswer is a problem as it goes over the wire, for where there is no HTTP
// library. More headers end with a line end each.
func wholeAnswer(status int, id string, body []byte, more string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"+
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: %s\r\n%sConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), id, more, body)
}
