package judging

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// slowJudge judges for a while, or until it is told to end.
type slowJudge time.Duration

func (slowJudge) Judges() int { return 1 }

func (s slowJudge) Inspect(ctx context.Context, _ workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	select {
	case <-time.After(time.Duration(s)):
		return workerrpc.Inspected{Width: 1}, nil
	case <-ctx.Done():
		return workerrpc.Inspected{}, fault.Wrap(fault.DeadlineExceeded, ctx.Err())
	}
}

func TestNobodyWaitsForAJudgementWithoutAStore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store func(since time.Duration) bool
		code  fault.Code
		took  time.Duration
	}{
		"a store that is there":      {func(time.Duration) bool { return true }, "", 20 * time.Second},
		"a store that is lost":       {func(d time.Duration) bool { return d < 10*time.Second }, fault.StorageUnavailable, 10 * time.Second},
		"a store that is never back": {func(time.Duration) bool { return false }, fault.StorageUnavailable, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				b := New(slowJudge(20*time.Second), func(context.Context) bool { return c.store(time.Since(began)) }, nil)
				_, err := b.Inspect(t.Context(), workerrpc.InspectRequest{})
				if took := time.Since(began); fault.CodeOf(err) != c.code || took != c.took {
					t.Errorf("after %v: %v; want %q after %v", took, err, c.code, c.took)
				}
			})
		})
	}
}

func photo(session string) workerrpc.InspectRequest {
	return workerrpc.InspectRequest{Turn: workerrpc.Turn{Site: session, Network: session, Session: session}}
}

func there(context.Context) bool { return true }

func TestAStrangersPhotoIsNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := New(slowJudge(8*time.Second), there, nil)
		var flood sync.WaitGroup
		defer flood.Wait()
		for range 14 {
			flood.Go(func() { _, _ = b.Inspect(t.Context(), photo("flood")) })
			synctest.Wait()
		}
		began := time.Now()
		if _, err := b.Inspect(t.Context(), photo("stranger")); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 16*time.Second {
			t.Errorf("a stranger waited %v beside 14 photos of one session", took)
		}
	})
}

func TestOneSessionFillsNoQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := New(slowJudge(time.Second), there, nil)
		full := 0
		ended := make(chan error, most)
		for range most {
			go func() {
				_, err := b.Inspect(t.Context(), photo("flood"))
				ended <- err
			}()
		}
		for range most {
			if err := <-ended; fault.CodeOf(err) == fault.WorkerBusy && fault.As(err).RetryAfter > 0 {
				full++
			} else if err != nil {
				t.Error(err)
			}
		}
		if full != most-perSession-1 {
			t.Errorf("%d found no place", full)
		}
	})
}

// Whoever hangs up while a photo waits takes it out of the queue. Once a worker has
// it, it is judged to the end.
func TestAPhotoWhosePersonLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := New(slowJudge(10*time.Second), there, nil)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := b.Inspect(ctx, photo("gone"))
				ended <- err
			}()
			synctest.Wait()
		}
		began := time.Now()
		leave()
		if err := <-ended; fault.CodeOf(err) != fault.RequestCanceled || time.Since(began) > 0 {
			t.Errorf("waiting: %v", err)
		}
		if err := <-ended; err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("judged: %v", err)
		}
	})
}
