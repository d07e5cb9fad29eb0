package rig

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// AnswerWithin is our promise of 5 s while a part is away, and a second for a
// busy machine.
const AnswerWithin = 6 * time.Second

// judgeWithin is for completing an upload: a worker looks at the photo.
const judgeWithin = 31 * time.Second

// Wrong is what may be wrong with an answer.
type Wrong int

// The kinds of wrong.
const (
	Late Wrong = iota // it took longer than we promise
	Rude              // a refusal that is none, or does not say when to come back
)

// Answers is an HTTP transport that judges what people get while a part is
// away: an answer in time, and a refusal that says when to come back. A
// connection that is refused or cut at once is the end of its gateway.
type Answers struct {
	base http.RoundTripper
	say  func(what Wrong, text string)
	ids  *regexp.Regexp

	judge time.Duration // for completing an upload

	mu      sync.Mutex
	slowest time.Duration
	route   string // of the slowest
	refused int    // in the right way
}

// NewAnswers tells say what is wrong with answers that come by base.
func NewAnswers(base http.RoundTripper, say func(what Wrong, text string)) *Answers {
	return &Answers{base: base, say: say, judge: judgeWithin, ids: regexp.MustCompile(`/[0-9A-Za-z_-]{16,}`)}
}

// AtOnce wants completions as soon as all else: the photos are small.
func (a *Answers) AtOnce() *Answers {
	a.judge = AnswerWithin
	return a
}

// RoundTrip sends the request and judges its answer.
func (a *Answers) RoundTrip(req *http.Request) (*http.Response, error) {
	begun := time.Now()
	resp, err := a.base.RoundTrip(req)
	took, route := time.Since(begun), req.Method+" "+a.ids.ReplaceAllString(req.URL.Path, "/…")
	within := AnswerWithin
	if strings.HasSuffix(route, "/complete") {
		within = a.judge
	}
	if took > within {
		a.say(Late, fmt.Sprintf("%s at %s: %s after %v", route, req.URL.Host, ended(resp, err), took.Round(time.Millisecond)))
	}
	if resp != nil && !polite(resp) {
		a.say(Rude, fmt.Sprintf("%s at %s: %d %s, Retry-After %q", route, req.URL.Host, resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Retry-After")))
	}
	a.note(route, took, resp)
	return resp, err
}

// polite reports whether an answer is none of trouble, or a problem that says
// when to come back. A store that is full may say 507.
func polite(resp *http.Response) bool {
	problem := strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json")
	switch resp.StatusCode {
	case http.StatusInsufficientStorage:
		return problem
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return problem && resp.Header.Get("Retry-After") != ""
	default:
		return resp.StatusCode < http.StatusInternalServerError
	}
}

func ended(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(resp.StatusCode)
}

func (a *Answers) note(route string, took time.Duration, resp *http.Response) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if took > a.slowest && !strings.HasSuffix(route, "/complete") {
		a.slowest, a.route = took, route
	}
	if resp != nil && resp.StatusCode >= http.StatusInternalServerError {
		a.refused++
	}
}

// Refused is how many answers were refusals because a part was away.
func (a *Answers) Refused() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused
}

// String says what the slowest answer was and how many were refusals.
func (a *Answers) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return fmt.Sprintf("slowest %v (%s), %d refusals", a.slowest.Round(time.Millisecond), a.route, a.refused)
}
