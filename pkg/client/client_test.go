package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// serve starts an API that h plays, and a client that does not dawdle.
func serve(t *testing.T, h http.Handler) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := client.Defaults()
	c.BaseURL, c.MinBackoff, c.MaxBackoff, c.Silence = s.URL, time.Millisecond, 1100*time.Millisecond, time.Minute
	cl, err := client.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

func problem(w http.ResponseWriter, status int, code fault.Code, retryable bool) {
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.Header().Set("X-Request-Id", "r-1")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%d,"code":%q,"retryable":%v,"detail":"sorry","errors":[{"pointer":"/style","code":"unknown","detail":"?"}]}`, status, code, retryable)
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestATaskIsSubmittedAgainUnderTheSameKeyUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var keys []string
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		switch len(keys) {
		case 1:
			problem(w, http.StatusServiceUnavailable, "queue_full", true)
		case 2:
			panic(http.ErrAbortHandler) // the connection breaks
		case 3:
			w.WriteHeader(http.StatusBadGateway) // a proxy spoke
		default:
			w.Header().Set("Idempotency-Replayed", "true")
			reply(w, http.StatusAccepted, `{"taskId":"t","state":"queued","version":1}`)
		}
	}))
	got, err := c.Session("tok").Submit(t.Context(), client.NewTask{UploadID: "u", Style: "ink", Place: "bund"})
	if err != nil {
		t.Fatal(err)
	}
	if got.TaskID != "t" || got.State != task.Queued || !got.Replayed {
		t.Errorf("task = %+v", got)
	}
	if len(keys) != 4 || keys[0] == "" || len(slices.Compact(keys)) != 1 {
		t.Errorf("keys = %q, want one key four times", keys)
	}
}

func TestARefusalIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status     int
		code       fault.Code
		retryAfter string
	}{
		"OursToFix":           {http.StatusUnprocessableEntity, "unknown_style", ""},
		"ComeBackTomorrow":    {http.StatusTooManyRequests, "quota_exceeded", "36000"},
		"ComeBackAtMidnight":  {http.StatusTooManyRequests, "quota_exceeded", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)},
		"ABugIsNotOverSoon":   {http.StatusInternalServerError, "internal", ""},
		"SomebodyElsesUpload": {http.StatusNotFound, "upload_not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Retry-After", tc.retryAfter)
				problem(w, tc.status, tc.code, false)
			}))
			_, err := c.Session("tok").Submit(t.Context(), client.NewTask{})
			if client.Code(err) != tc.code || client.Status(err) != tc.status || calls.Load() != 1 {
				t.Errorf("err = %v after %d calls", err, calls.Load())
			}
			if !strings.Contains(err.Error(), "r-1") {
				t.Errorf("the error does not name the request: %v", err)
			}
		})
	}
}

func TestAShortRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var first, second time.Time
		c := virtual(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if first.IsZero() {
				first = time.Now()
				w.Header().Set("Retry-After", "4")
				problem(w, http.StatusTooManyRequests, "rate_limited", true)
				return
			}
			second = time.Now()
			reply(w, http.StatusOK, `{"version":1,"styles":[{"id":"ink","name":"Ink"}]}`)
		}))
		cat, err := c.Catalog(t.Context())
		if err != nil || len(cat.Styles) != 1 {
			t.Fatalf("catalogue = %+v, %v", cat, err)
		}
		if waited := second.Sub(first); waited != 4*time.Second {
			t.Errorf("came back after %v, want 4 s", waited)
		}
	})
}

func TestAPhotoIsDeclaredSentAndCompleted(t *testing.T) {
	t.Parallel()
	photo := []byte("jpeg bytes")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /uploads", func(w http.ResponseWriter, r *http.Request) {
		var n client.NewUpload
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil || n.Size != int64(len(photo)) || len(n.SHA256) != 64 || !n.Consent {
			problem(w, http.StatusBadRequest, "bad", false)
			return
		}
		if r.Header.Get("Authorization") != "Bearer tok" {
			problem(w, http.StatusUnauthorized, "token_missing", false)
			return
		}
		reply(w, http.StatusCreated, `{"uploadId":"u1","uploadUrl":"/files/x?s=1","method":"PUT","headers":{"content-type":"image/jpeg"}}`)
	})
	mux.HandleFunc("PUT /files/x", func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		if string(got) != string(photo) || r.Header.Get("Content-Type") != "image/jpeg" || r.Header.Get("Authorization") != "" {
			problem(w, http.StatusForbidden, "signature_invalid", false)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /uploads/u1/complete", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, `{"uploadId":"u1","status":"ready","width":640,"height":480,"fingerprint":"sha256:00"}`)
	})
	u, err := serve(t, mux).Session("tok").Upload(t.Context(), "image/jpeg", photo)
	if err != nil || !u.Ready() || u.Width != 640 {
		t.Errorf("upload = %+v, %v", u, err)
	}
}

func TestWaitingGoesOnUntilTheTaskIsFinished(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("wait") == "" {
			problem(w, http.StatusBadRequest, "no_wait", false)
			return
		}
		state := "running"
		if calls.Add(1) == 3 {
			state = "succeeded"
		}
		reply(w, http.StatusOK, `{"taskId":"t","state":"`+state+`"}`)
	}))
	got, err := c.Session("tok").Wait(t.Context(), "t")
	if err != nil || got.State != task.Succeeded || calls.Load() != 3 {
		t.Errorf("task = %+v, %v after %d calls", got, err, calls.Load())
	}
}

func TestASessionIsRenewedWithItsToken(t *testing.T) {
	t.Parallel()
	var sent []string
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		reply(w, http.StatusCreated, fmt.Sprintf(`{"sessionId":"s","token":"tok%d","quota":{"daily":20}}`, len(sent)))
	}))
	s, err := c.NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Renew(t.Context()); err != nil || s.Token() != "tok2" || s.ID() != "s" {
		t.Errorf("token = %q, %v", s.Token(), err)
	}
	if want := []string{"", "Bearer tok1"}; !slices.Equal(sent, want) {
		t.Errorf("sent %q, want %q", sent, want)
	}
}

func TestTheOtherCallsSpeakTheContract(t *testing.T) {
	t.Parallel()
	var got []string
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		reply(w, http.StatusOK, `{"receiptId":"r","data":[{"taskId":"t"}],"nextCursor":"c2","deleted":{"objects":2}}`)
	}))
	s := c.Session("tok")
	style := "ink"
	if r, err := s.Delete(t.Context(), "t"); err != nil || r.Deleted.Objects != 2 {
		t.Errorf("receipt = %+v, %v", r, err)
	}
	if page, next, err := s.List(t.Context(), 2, "c1"); err != nil || len(page) != 1 || next != "c2" {
		t.Errorf("page = %v, %q, %v", page, next, err)
	}
	_, regenerated := s.Regenerate(t.Context(), "t", client.Again{Style: &style})
	_, canceled := s.Cancel(t.Context(), "t")
	rated, liked := s.Feedback(t.Context(), "t", "5"), s.Feedback(t.Context(), "t", "like")
	for _, err := range []error{regenerated, canceled, rated, liked} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"DELETE /tasks/t ", "GET /tasks?cursor=c1&limit=2 ", `POST /tasks/t/regenerate {"style":"ink"}`,
		"POST /tasks/t/cancel {}", `POST /tasks/t/feedback {"rating":5}`, `POST /tasks/t/feedback {"rating":"like"}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
