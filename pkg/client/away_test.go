package client_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
)

// While a part of the service is away every request is refused with a time to
// come back. The client does, and not for ever.
func TestARefusalOfAPartThatIsAwayIsRepeatedWhenItSays(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, *client.Session) error{
		"get": func(ctx context.Context, s *client.Session) error { _, err := s.Get(ctx, "t"); return err },
		"submit": func(ctx context.Context, s *client.Session) error {
			_, err := s.Submit(ctx, client.NewTask{})
			return err
		},
		"regenerate": func(ctx context.Context, s *client.Session) error {
			_, err := s.Regenerate(ctx, "t", client.Again{})
			return err
		},
		"complete": func(ctx context.Context, s *client.Session) error { _, err := s.CompleteUpload(ctx, "u"); return err },
		"delete":   func(ctx context.Context, s *client.Session) error { _, err := s.Delete(ctx, "t"); return err },
	} {
		for until, refusals := range map[string]int{"back": 3, "never": 100} {
			t.Run(name+" "+until, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { asksAgain(t, refusals, ask) })
			})
		}
	}
}

// asksAgain lets a server refuse so often.
func asksAgain(t *testing.T, refusals int, ask func(context.Context, *client.Session) error) {
	t.Helper()
	const attempts, wait = 6, 3 * time.Second
	var at []time.Time
	keys := map[string]bool{}
	c := virtual(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at = append(at, time.Now())
		keys[r.Header.Get("Idempotency-Key")] = true
		if len(at) <= refusals {
			w.Header().Set("Retry-After", "3")
			problem(w, http.StatusServiceUnavailable, "engine_unavailable", true)
			return
		}
		reply(w, http.StatusOK, `{}`)
	}))
	err := ask(t.Context(), c.Session("tok"))
	switch over := refusals >= attempts; {
	case over && (client.Status(err) != http.StatusServiceUnavailable || len(at) != attempts):
		t.Errorf("%v after %d requests, want the refusal after %d", err, len(at), attempts)
	case !over && (err != nil || len(at) != refusals+1):
		t.Errorf("%v after %d requests", err, len(at))
	}
	for i := 1; i < len(at); i++ {
		if waited := at[i].Sub(at[i-1]); waited < wait || waited > 2*wait {
			t.Errorf("request %d comes %v after the one before, although 3 s were named", i+1, waited)
		}
	}
	if len(keys) != 1 {
		t.Errorf("a request was repeated under another key: %v", keys)
	}
}
