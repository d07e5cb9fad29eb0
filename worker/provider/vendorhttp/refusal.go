package vendorhttp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// Failure says in terms of money what a vendor's error means. Code and message
// are the vendor's own. A vendor that names its error has not billed. A server
// error without a code may come from a proxy, while the vendor goes on working
// behind it.
func (a Answer) Failure(c task.Class, code, message string) *provider.Failure {
	f := &provider.Failure{
		Outcome: task.Rejected, Class: c, Code: words(code), RetryAfter: a.RetryAfter(), Remaining: a.Remaining(),
		Err: fmt.Errorf("vendor answered %d: %s", a.Status, words(message)),
	}
	switch {
	case c == task.ClassTimeout, c == task.ClassTransient && code == "":
		f.Outcome = task.Unknown
	case c == task.ClassTransient:
		f.Outcome = task.FailedUnbilled
	}
	return f
}

// Class is what a status means where the vendor's own code says nothing.
func (a Answer) Class() task.Class {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return task.ClassAuth // the key, or the model that the operator configured
	case http.StatusPaymentRequired:
		return task.ClassQuota
	case http.StatusTooManyRequests:
		return task.ClassRate
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return task.ClassTimeout
	}
	switch a.Status / 100 {
	case 3:
		return task.ClassAuth // the API is elsewhere: no call is sent on with its key
	case 4:
		return task.ClassInput
	default:
		return task.ClassTransient
	}
}

const maxWords = 200

// words makes a vendor's text fit for a line of a log.
func words(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > maxWords {
		return string(r[:maxWords]) + "…"
	}
	return s
}

// NoJobs is a synchronous vendor's answer to a call that is to be resumed:
// whatever became of it, there is nothing to ask.
func NoJobs() *provider.Failure {
	return Unknown("not_resumable", "the vendor keeps no jobs")
}

// Unknown is a call of which we have no picture though the vendor may have
// worked, and may bill: code and why say what is missing.
func Unknown(code, why string) *provider.Failure {
	return &provider.Failure{Outcome: task.Unknown, Class: task.ClassTransient, Code: code, Err: errors.New(why)}
}

// Empty is an answer that says success and lacks what it should hold. The
// vendor may bill it all the same.
func Empty(lacks string) *provider.Failure {
	return Unknown("answer_empty", "the answer has no "+lacks)
}

// About says of which call a failure is, unless it knows already.
func About(err error, requestID, vendorTask string) *provider.Failure {
	f := provider.AsFailure(err)
	if f.RequestID == "" {
		f.RequestID = requestID
	}
	if f.VendorTask == "" {
		f.VendorTask = vendorTask
	}
	return f
}
