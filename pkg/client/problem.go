package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const maxProblemBytes = 64 << 10

// Problem is a refusal (RFC 9457). Code is stable; Detail is a
// sentence for people.
type Problem struct {
	Type       string            `json:"type"`
	Title      string            `json:"title"`
	Status     int               `json:"status"`
	Detail     string            `json:"detail"`
	Code       fault.Code        `json:"code"`
	Retryable  bool              `json:"retryable"`
	RequestID  string            `json:"requestId,omitempty"`
	ResetsAt   *time.Time        `json:"resetsAt,omitempty"`
	Challenge  json.RawMessage   `json:"challenge,omitempty"` // to be solved before a session is made
	Violations []fault.Violation `json:"errors,omitempty"`

	RetryAfter time.Duration `json:"-"` // 0 when the server named none
	Foreign    bool          `json:"-"` // not a problem document: the answer of a proxy or of a crash
}

// Error names what a developer looks for first.
func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s (request %s)", p.Status, p.Code, p.Detail, p.RequestID)
}

// Code returns the problem code of err, or "" when the server did not answer.
func Code(err error) fault.Code {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

// Status returns the HTTP status of err, or 0 when the server did not answer.
func Status(err error) int {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status
	}
	return 0
}

// readProblem makes an error of an answer that is not a success.
func readProblem(r *http.Response) *Problem {
	p := &Problem{}
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxProblemBytes))
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/problem+json" || sonic.Unmarshal(body, p) != nil {
		*p = Problem{Title: http.StatusText(r.StatusCode), Detail: string(body[:min(len(body), 200)]), Foreign: true}
	}
	p.Status = r.StatusCode
	if p.RequestID == "" {
		p.RequestID = r.Header.Get("X-Request-Id")
	}
	p.RetryAfter = retryAfter(r.Header.Get("Retry-After"), time.Now())
	return p
}

// retryAfter reads both forms of the header.
func retryAfter(h string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(h); err == nil && s > 0 && s < 1e6 {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(h); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// again reports whether the same request may succeed soon.
func (p *Problem) again() bool {
	switch {
	case p.Status == http.StatusTooManyRequests:
		return p.Retryable || p.Foreign || p.RetryAfter > 0
	case p.Status >= 500:
		return p.Retryable || p.Foreign || p.RetryAfter > 0
	default:
		return false
	}
}
