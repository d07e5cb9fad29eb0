package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
)

// script plays one connection after the other and notes what was asked for.
type script struct {
	mu          sync.Mutex
	after       []string
	connections []func(w http.ResponseWriter, r *http.Request)
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := len(s.after)
	s.after = append(s.after, r.Header.Get("Last-Event-ID"))
	s.mu.Unlock()
	s.connections[n](w, r)
}

func events(ids ...int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, id := range ids {
			name := "progress"
			if id == 5 {
				name = "succeeded"
			}
			fmt.Fprintf(w, "id: %d\nevent: %s\ndata: {}\n\n", id, name)
		}
		_ = http.NewResponseController(w).Flush()
	}
}

func follow(t *testing.T, c *client.Client, after string) (ids []string, err error) {
	t.Helper()
	for e, err := range c.Session("tok").Follow(t.Context(), "t", after) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

func TestALostStreamIsResumedAfterTheLastEvent(t *testing.T) {
	t.Parallel()
	s := &script{connections: []func(http.ResponseWriter, *http.Request){
		events(1, 2),
		func(w http.ResponseWriter, _ *http.Request) {
			problem(w, http.StatusServiceUnavailable, "draining", true)
		},
		func(w http.ResponseWriter, r *http.Request) { events(3)(w, r); panic(http.ErrAbortHandler) },
		events(4, 5),
	}}
	ids, err := follow(t, serve(t, s), "")
	if err != nil || !slices.Equal(ids, []string{"1", "2", "3", "4", "5"}) {
		t.Errorf("events %v, %v, want 1…5", ids, err)
	}
	if want := []string{"", "2", "2", "3"}; !slices.Equal(s.after, want) {
		t.Errorf("asked for what follows %q, want %q", s.after, want)
	}
}

func TestAFinishedStreamThatWasSeenEndsAtOnce(t *testing.T) {
	t.Parallel()
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	if ids, err := follow(t, c, "5"); err != nil || len(ids) != 0 {
		t.Errorf("events %v, %v, want none", ids, err)
	}
	if _, err := c.Session("tok").Stream(t.Context(), "t", "5"); !errors.Is(err, client.ErrEnded) {
		t.Errorf("err = %v, want ErrEnded", err)
	}
}

func TestFollowingGivesUpWhenTheTaskIsGone(t *testing.T) {
	t.Parallel()
	s := &script{connections: []func(http.ResponseWriter, *http.Request){
		events(1),
		func(w http.ResponseWriter, _ *http.Request) { problem(w, http.StatusNotFound, "task_not_found", false) },
	}}
	if ids, err := follow(t, serve(t, s), ""); client.Code(err) != "task_not_found" || len(ids) != 1 {
		t.Errorf("events %v, %v, want task_not_found after one", ids, err)
	}
}

func TestASilentStreamIsOpenedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := virtual(t, &script{connections: []func(http.ResponseWriter, *http.Request){
			func(w http.ResponseWriter, r *http.Request) {
				events(1)(w, r)
				<-r.Context().Done() // a peer that is gone without a word
			},
			events(2, 5),
		}})
		began := time.Now()
		if ids, err := follow(t, c, ""); err != nil || !slices.Equal(ids, []string{"1", "2", "5"}) {
			t.Errorf("events %v, %v, want 1, 2, 5", ids, err)
		}
		if waited, silence := time.Since(began), client.Defaults().Silence; waited < silence || waited > silence+client.Defaults().MinBackoff {
			t.Errorf("opened again after %v, want %v and a pause", waited, silence)
		}
	})
}

func TestHeartbeatsKeepAStreamOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := virtual(t, &script{connections: []func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) {
			for range 60 {
				_, _ = io.WriteString(w, ":\n\n")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(client.Defaults().Silence - time.Millisecond): // virtual time
				}
			}
			events(5)(w, r)
		}}})
		if ids, err := follow(t, c, ""); err != nil || !slices.Equal(ids, []string{"5"}) {
			t.Errorf("events %v, %v, want 5", ids, err)
		}
	})
}

func TestTheCallersEndIsTheEnd(t *testing.T) {
	t.Parallel()
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events(1)(w, r)
		<-r.Context().Done()
	}))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var last error
	n := 0
	for e, err := range c.Session("tok").Follow(ctx, "t", "") {
		if n, last = n+1, err; err == nil && e.Version() != 1 {
			t.Errorf("version = %d, want 1 (%s)", e.Version(), strconv.Quote(e.ID))
		}
		stop()
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d events, the last %v, want one and context.Canceled", n, last)
	}
}
