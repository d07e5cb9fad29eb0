package obs

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	retries    = 2
	retryAfter = 250 * time.Millisecond // then four times as long
	tooLate    = time.Second            // a bucket that was silent for so long is not asked again for who waits
)

// again repeats calls that the bucket did not answer, or answered with an
// error of its own. The SDK's own repeats rewind a body that the connection
// before may still be sending. All calls of ours do the same however often
// they are made; a body that is too long to be held goes out once.
type again struct {
	next  http.RoundTripper
	after time.Duration
}

// RoundTrip implements http.RoundTripper.
func (a again) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ContentLength > inMemory || r.ContentLength < 0 {
		return a.next.RoundTrip(r)
	}
	body, err := held(r)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for n, after := 0, a.after; ; n, after = n+1, 4*after {
		try := r.Clone(r.Context())
		if try.Body = http.NoBody; len(body) > 0 {
			try.Body = io.NopCloser(bytes.NewReader(body))
		}
		resp, err := a.next.RoundTrip(try)
		if n == retries || time.Since(began) > tooLate || err == nil && resp.StatusCode < http.StatusInternalServerError || !wait(r, after) {
			return resp, err
		}
		if err == nil {
			_ = resp.Body.Close()
		}
	}
}

// held reads a body to its end before anything is sent.
func held(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer func() { _ = r.Body.Close() }()
	return io.ReadAll(r.Body)
}

// wait reports false when nobody waits for the call any more.
func wait(r *http.Request, after time.Duration) bool {
	return tick.Wait(r.Context(), after/2+rand.N(after))
}
