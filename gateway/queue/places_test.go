package queue

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func openPlaces(t testing.TB, q *Queue, n int64) {
	t.Helper()
	if err := q.OpenPlaces(t.Context(), "expo", n); err != nil {
		t.Fatal(err)
	}
}

func taken(t testing.TB, q *Queue) int64 {
	t.Helper()
	n, err := q.PlacesTaken(t.Context(), "expo")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func enter(t testing.TB, q *Queue, id task.ID) error {
	t.Helper()
	return q.TakePlace(t.Context(), "expo", id, time.Hour)
}

func wantFull(t testing.TB, err error) {
	t.Helper()
	if fault.KindOf(err) != fault.Unavailable || fault.CodeOf(err) != fault.CampaignFull || fault.As(err).RetryAfter <= 0 {
		t.Errorf("err = %v, want campaign_full and when to return", err)
	}
}

func TestACampaignHasSoManyPlacesAndNoMore(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	if n := taken(t, q); n != 0 {
		t.Errorf("%d places of a campaign that has none", n)
	}
	if err := q.LeavePlace(t.Context(), "expo", "nobody"); err != nil {
		t.Error(err)
	}
	openPlaces(t, q, 2)
	for _, id := range []task.ID{"a", "b", "a", "b"} { // a task has one place, however often it asks
		if err := enter(t, q, id); err != nil {
			t.Fatal(err)
		}
	}
	wantFull(t, enter(t, q, "c"))
	if err := errors.Join(q.LeavePlace(t.Context(), "expo", "a"), q.LeavePlace(t.Context(), "expo", "a")); err != nil {
		t.Fatal(err)
	}
	if err := enter(t, q, "c"); err != nil {
		t.Error(err)
	}
	wantFull(t, enter(t, q, "a"))
	openPlaces(t, q, 3)
	if err := enter(t, q, "a"); err != nil {
		t.Error(err)
	}
	openPlaces(t, q, 1) // those that are taken stay
	wantFull(t, enter(t, q, "d"))
	if n := taken(t, q); n != 3 {
		t.Errorf("%d places taken, want 3", n)
	}
}

func TestManyAtOnceOnTwoGatewaysTakeExactlyWhatThereIs(t *testing.T) {
	t.Parallel()
	e := openEngine(t)
	gateways := []*Queue{openOn(t, e, 0), openOn(t, e, 0)}
	openPlaces(t, gateways[0], 20)
	var got atomic.Int64
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			if err := enter(t, gateways[i%2], task.ID(fmt.Sprint("t", i))); err == nil {
				got.Add(1)
			} else {
				wantFull(t, err)
			}
		})
	}
	all.Wait()
	if got.Load() != 20 || taken(t, gateways[1]) != 20 {
		t.Errorf("%d entered, %d are counted, want 20", got.Load(), taken(t, gateways[1]))
	}
}

func TestPlacesAreCountedOverARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() (*engine.Engine, *Queue) {
		e, err := engine.Open(t.Context(), engine.Config{Dir: dir, Replicas: 1, Interval: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return e, openOn(t, e, 0)
	}
	e, q := open()
	openPlaces(t, q, 2)
	if err := errors.Join(enter(t, q, "a"), enter(t, q, "b")); err != nil {
		t.Fatal(err)
	}
	e.Close()
	e, q = open()
	defer e.Close()
	openPlaces(t, q, 2)
	wantFull(t, enter(t, q, "c"))
	if err := errors.Join(q.LeavePlace(t.Context(), "expo", "a"), enter(t, q, "c")); err != nil {
		t.Error(err)
	}
}

func TestPlacesOfTasksThatNeverCameToBeAreSwept(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	q.placeGrace = 0
	openPlaces(t, q, 3)
	j := newJob(newSession())
	submit(t, q, j)
	if err := errors.Join(enter(t, q, j.ID), enter(t, q, "died"), enter(t, q, "too")); err != nil {
		t.Fatal(err)
	}
	if n, err := q.SweepPlaces(t.Context(), "expo"); n != 2 || err != nil {
		t.Errorf("swept %d, %v; want 2", n, err)
	}
	if n := taken(t, q); n != 1 {
		t.Errorf("%d places taken, want that of the live task", n)
	}
	q.placeGrace = time.Hour // an accept may be under way
	if err := enter(t, q, "young"); err != nil {
		t.Fatal(err)
	}
	if n, err := q.SweepPlaces(t.Context(), "expo"); n != 0 || err != nil {
		t.Errorf("swept %d young ones, %v", n, err)
	}
}

func TestAPlaceOutlivesNoTask(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	openPlaces(t, q, 1)
	if err := q.TakePlace(t.Context(), "expo", "a", time.Second); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); enter(t, q, "b") != nil; {
		if time.Now().After(end) {
			t.Fatal("the place is taken for ever")
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // the engine announces no expiry
	}
}

func TestEmptyPlacesOfPastCampaignsAreDropped(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	openPlaces(t, q, 1)
	if err := q.OpenPlaces(t.Context(), "kept", 1); err != nil {
		t.Fatal(err)
	}
	keep := func(name string) bool { return name == "kept" }
	count := func() (n int) {
		for range q.js.StreamNames(t.Context()).Name() {
			n++
		}
		return n
	}
	before := count()
	if err := q.DropPlaces(t.Context(), keep); err != nil || count() != before {
		t.Errorf("new places were dropped: %v", err)
	}
	q.placesUnused = 0
	if err := enter(t, q, "a"); err != nil {
		t.Fatal(err)
	}
	if err := q.DropPlaces(t.Context(), keep); err != nil || count() != before {
		t.Errorf("places in use were dropped: %v", err)
	}
	if err := errors.Join(q.LeavePlace(t.Context(), "expo", "a"), q.DropPlaces(t.Context(), keep)); err != nil || count() != before-1 {
		t.Errorf("empty places were kept: %v, %d of %d streams", err, count(), before)
	}
	if n := taken(t, q); n != 0 {
		t.Errorf("%d taken of none", n)
	}
	if err := q.LeavePlace(t.Context(), "expo", "a"); err != nil {
		t.Error(err)
	}
}
