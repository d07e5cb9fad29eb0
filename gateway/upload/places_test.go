package upload

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// waits is a photo whose turn comes after a time, and which is then judged.
type waits struct {
	turn, judge time.Duration
	begun       atomic.Int64
	elsewhere   atomic.Bool // another gateway has made it ready
}

func (w *waits) judgement() judgement {
	return judgement{
		judge: func(wanted context.Context) (Upload, error) {
			w.begun.Add(1)
			select {
			case <-time.After(w.turn):
			case <-wanted.Done():
				return Upload{}, fault.Wrap(fault.RequestCanceled, context.Cause(wanted))
			}
			<-time.After(w.judge)
			return Upload{Width: 1}, nil
		},
		ready: func(context.Context) (Upload, bool) { return Upload{Width: 2}, w.elsewhere.Load() },
	}
}

func TestARepeatFindsThePlaceOrTheResult(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*waits{
		"still in the queue": {turn: 40 * time.Second, judge: 5 * time.Second},
		"being judged":       {turn: time.Second, judge: 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var ps places
				began := time.Now()
				_, err := ps.wait(t.Context(), "a", w.judgement())
				if f := fault.As(err); fault.CodeOf(err) != fault.WorkerBusy || f.RetryAfter <= 0 || time.Since(began) != answerWithin {
					t.Fatalf("after %v: %v", time.Since(began), err)
				}
				time.Sleep(comeBack) //nolint:forbidigo // no time passes in a bubble
				up, err := ps.wait(t.Context(), "a", w.judgement())
				if err != nil || up.Width != 1 || time.Since(began) != w.turn+w.judge || w.begun.Load() != 1 {
					t.Errorf("after %v, begun %d times: %+v, %v", time.Since(began), w.begun.Load(), up, err)
				}
				if ps.kept() != 0 {
					t.Error("its place is still there")
				}
			})
		})
	}
}

func TestAPlaceIsGivenUpWhenNobodyComesBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patience time.Duration // of the client
		kept     time.Duration // after that
	}{
		"it hung up":    {time.Second, 0},
		"it never came": {time.Hour, placeKept},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), c.patience)
				defer cancel()
				w, ps := &waits{turn: time.Hour}, places{}
				_, _ = ps.wait(ctx, "a", w.judgement())
				synctest.Wait()
				if c.kept > 0 && ps.kept() != 1 {
					t.Error("it has no place")
				}
				time.Sleep(c.kept) //nolint:forbidigo // no time passes in a bubble
				synctest.Wait()
				if ps.kept() != 0 {
					t.Error("its place is kept")
				}
			})
		})
	}
}

// Whoever comes in the moment in which the last one leaves gets a new place.
func TestWhoComesAsTheLastOneLeavesIsNotCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, ps := &waits{turn: 10 * time.Second}, places{}
		first, leave := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { _, err := ps.wait(first, "a", w.judgement()); gone <- err }()
		synctest.Wait()
		leave()
		up, err := ps.wait(t.Context(), "a", w.judgement())
		if err != nil || up.Width != 1 {
			t.Errorf("%+v, %v", up, err)
		}
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestAnUploadThatAnotherGatewayFinishedIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, ps := &waits{turn: time.Hour}, places{}
		time.AfterFunc(10*time.Second, func() { w.elsewhere.Store(true) })
		began := time.Now()
		up, err := ps.wait(t.Context(), "a", w.judgement())
		if err != nil || up.Width != 2 || time.Since(began) > 10*time.Second+lookElsewhere {
			t.Errorf("after %v: %+v, %v", time.Since(began), up, err)
		}
		synctest.Wait()
		if ps.kept() != 0 {
			t.Error("its place here is kept")
		}
	})
}

// kept is how many places there are.
func (ps *places) kept() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return len(ps.of)
}
