package operator

import (
	"errors"
	"fmt"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Problem is a refusal (RFC 9457).
type Problem struct {
	Type       string            `json:"type"`
	Title      string            `json:"title"`
	Status     int               `json:"status"`
	Detail     string            `json:"detail"`
	Code       fault.Code        `json:"code"`
	Retryable  bool              `json:"retryable"`
	RequestID  string            `json:"requestId,omitempty"`
	Params     map[string]string `json:"params,omitempty"`
	Violations []fault.Violation `json:"errors,omitempty"`
}

// Error is a sentence for the operator.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	for _, v := range p.Violations {
		fmt.Fprintf(&b, "; %s: %s", v.Pointer, v.Detail)
	}
	return b.String()
}

// StatusOf returns the HTTP status of a refusal, 0 when the server did not
// answer.
func StatusOf(err error) int {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status
	}
	return 0
}

// CodeOf returns the code of a refusal, "" when the server did not answer.
func CodeOf(err error) fault.Code {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}
