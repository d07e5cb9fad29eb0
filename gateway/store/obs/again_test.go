package obs

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// shaky fails so many times before it answers with what it was sent.
func shaky(t *testing.T, failures int, fail http.HandlerFunc) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int(calls.Add(1)) <= failures {
			fail(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

func TestACallIsRepeatedWithAllOfItsBody(t *testing.T) {
	t.Parallel()
	unread := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) } // the body is still under way
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	short, long := strings.Repeat("s", inMemory), strings.Repeat("l", inMemory+1)
	for name, c := range map[string]struct {
		failures int
		fail     http.HandlerFunc
		body     string
		calls    int
		status   int // 0: no answer
	}{
		"it works":                  {0, nil, short, 1, 200},
		"an error of the bucket":    {2, unread, short, 3, 200},
		"the connection is cut":     {1, cut, short, 2, 200},
		"no body":                   {2, unread, "", 3, 200},
		"errors without an end":     {9, unread, "x", 3, 503},
		"cuts without an end":       {9, cut, "x", 3, 0},
		"a mistake of ours":         {9, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "x", 1, 403},
		"a body too long to hold":   {9, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); unread(w, r) }, long, 1, 503},
		"one that is too long, too": {0, nil, long, 1, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, calls := shaky(t, c.failures, c.fail)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.GetBody = nil // as the SDK's
			resp, err := again{http.DefaultTransport, time.Millisecond}.RoundTrip(r)
			status, echo := 0, ""
			if err == nil {
				status = resp.StatusCode
				b, _ := io.ReadAll(resp.Body)
				echo = string(b)
				_ = resp.Body.Close()
			}
			if int(calls.Load()) != c.calls || status != c.status || status == 200 && echo != c.body {
				t.Errorf("%d calls, status %d, %d bytes, %v; want %d calls, %d, %d bytes", calls.Load(), status, len(echo), err, c.calls, c.status, len(c.body))
			}
		})
	}
}

func TestNothingIsRepeatedForNobody(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url, calls := shaky(t, 9, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusBadGateway)
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := again{http.DefaultTransport, time.Hour}.RoundTrip(r)
	if err == nil {
		_ = resp.Body.Close()
	} else if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}
