package vendorhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// Call is one request to a vendor's API.
type Call struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
	Within time.Duration // for the whole answer; 0 leaves it to the context
}

// Answer is what a vendor said, whatever its status.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON makes a POST of a document, with a bearer key.
func JSON(url, key string, doc any) (Call, error) {
	body, err := json.Marshal(doc)
	if err != nil {
		return Call{}, provider.NotSent(task.ClassInput, fmt.Errorf("encode request: %w", err))
	}
	return Call{Method: http.MethodPost, URL: url, Body: body, Header: Bearer(key, "application/json")}, nil
}

// Bearer is the header of a call with a body. A server of one's own may take no
// key.
func Bearer(key, contentType string) http.Header {
	h := http.Header{"Content-Type": {contentType}, "Accept": {"application/json"}}
	if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	return h
}

// Ask is Do for a document, with a bearer key and what extra adds to the
// header. It reports that the call is on its way.
func (c *Client) Ask(ctx context.Context, url, key string, doc any, extra http.Header, report func(provider.Progress)) (Answer, error) {
	call, err := JSON(url, key, doc)
	if err != nil {
		return Answer{}, err
	}
	maps.Copy(call.Header, extra)
	report(provider.Progress{})
	return c.Do(ctx, call)
}

// Do sends a call once. An error is a *provider.Failure: not_sent when no byte
// left this machine, unknown when the vendor may have worked. An answer that
// was cut off after it said an error is still an answer.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	if call.Within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Within)
		defer cancel()
	}
	var s sending
	req, err := http.NewRequestWithContext(s.trace(ctx), call.Method, call.URL, bytes.NewReader(call.Body))
	if err != nil {
		return Answer{}, provider.NotSent(task.ClassInput, errors.New("malformed URL"))
	}
	req.GetBody = nil // the transport repeats what it can rewind, and a repeated call is paid for twice
	if call.Header != nil {
		req.Header = call.Header.Clone()
	}
	resp, err := c.api.Do(req)
	if err != nil {
		return Answer{}, lost(ctx, s.any(), bare(err))
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	a.Body, err = read(resp.Body, resp.ContentLength, c.answer)
	if err != nil && !a.failed() {
		return Answer{}, lost(ctx, true, fmt.Errorf("read answer: %w", bare(err)))
	}
	return a, nil
}

func (a Answer) failed() bool { return a.Status >= http.StatusBadRequest }

// Decode reads the answer's document. An answer that cannot be understood is
// unknown: the vendor may have worked.
func (a Answer) Decode(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return &provider.Failure{
			Outcome: task.Unknown, Class: task.ClassTransient, Code: "answer_malformed",
			Err: fmt.Errorf("status %d: decode answer: %w", a.Status, err),
		}
	}
	return nil
}

// maxRetryAfter bounds what a vendor may ask for.
const maxRetryAfter = time.Hour

// RetryAfter is what the vendor asks to wait: seconds or a date, 0 for none.
func (a Answer) RetryAfter() time.Duration {
	v := strings.TrimSpace(a.Header.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if !(s > 0) {
			return 0
		}
		return time.Duration(min(s, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return max(0, min(time.Until(at), maxRetryAfter))
}

// Remaining is what the vendor says may still be asked for in its period: of
// pictures if it counts them, else of calls; nil when it says nothing.
func (a Answer) Remaining() *int64 {
	for _, name := range []string{"X-Ratelimit-Remaining-Images", "X-Ratelimit-Remaining-Requests"} {
		if n, err := strconv.ParseInt(strings.TrimSpace(a.Header.Get(name)), 10, 64); err == nil && n >= 0 {
			return &n
		}
	}
	return nil
}

// lost classifies a call without an answer.
func lost(ctx context.Context, sent bool, err error) *provider.Failure {
	f := &provider.Failure{Outcome: task.NotSent, Class: task.ClassNetwork, Err: err}
	if sent {
		f.Outcome = task.Unknown
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Class = task.ClassCanceled
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		f.Class = task.ClassTimeout
	case errors.Is(err, errTooLong):
		f.Class, f.Code = task.ClassTransient, "answer_too_long"
	}
	return f
}

// errTooLong says that a body is longer than it may be.
var errTooLong = errors.New("body is too long")

// read takes at most limit bytes; what it got is returned in any case.
func read(body io.Reader, length, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	if length > limit {
		return nil, errTooLong
	}
	if length > 0 {
		buf.Grow(int(length) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(body, limit+1))
	if n > limit {
		return nil, errTooLong
	}
	return buf.Bytes(), err
}

// bare takes the URL out of a client's error: a result's is a secret, and so
// are queries with keys.
func bare(err error) error {
	var u interface {
		Unwrap() error
		Timeout() bool
	}
	if errors.As(err, &u) {
		if inner := u.Unwrap(); inner != nil {
			return inner
		}
	}
	return err
}
