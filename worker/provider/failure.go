package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Failure is why an attempt gave no picture. Outcome is about money, Class
// about what to do next. Err is for logs and never holds a key.
type Failure struct {
	Outcome    task.Outcome
	Class      task.Class
	Code       string // the vendor's own
	RequestID  string // the vendor's, for support
	VendorTask string
	RetryAfter time.Duration
	Remaining  *int64 // as a Picture's
	Err        error
}

// Error is written for logs.
func (f *Failure) Error() string {
	s := fmt.Sprintf("%s/%s", f.Outcome, f.Class)
	if f.Code != "" {
		s += " " + f.Code
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// NotSent classifies a failure before anything reached the vendor: it cost
// nothing and says nothing about the vendor.
func NotSent(c task.Class, err error) *Failure {
	return &Failure{Outcome: task.NotSent, Class: c, Err: err}
}

// AsFailure classifies any error of a driver. What a driver left unclassified
// is unknown: it may have been paid for.
func AsFailure(err error) *Failure {
	var f *Failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{Outcome: task.Unknown, Class: task.ClassTimeout, Err: err}
	case errors.Is(err, context.Canceled):
		return &Failure{Outcome: task.Unknown, Class: task.ClassCanceled, Err: err}
	default:
		return &Failure{Outcome: task.Unknown, Class: task.ClassTransient, Err: err}
	}
}
