package queue

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAFreshStreamBeginsWithTheWholeRecord(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	f := s.follow(0, false)
	s.runTo(4)
	s.to(task.Succeeded, "")
	snapshot, sent, _ := watch(t, f, 0)
	if snapshot != 1 || !slices.Equal(sent, span(2, 5)) {
		t.Errorf("snapshot %d, then %v", snapshot, sent)
	}
}

func TestAFreshStreamOfAFinishedTaskEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	s.runTo(3)
	s.to(task.Failed, "")
	snapshot, sent, _ := watch(t, s.follow(0, false), 0)
	if snapshot != 4 || !slices.Equal(sent, []uint64{4}) {
		t.Errorf("snapshot %d, then %v", snapshot, sent)
	}
}

func TestAResumeAtEveryEventMissesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	s.runTo(6)
	var fs []*Follower
	for after := uint64(1); after <= 6; after++ {
		fs = append(fs, s.follow(after, true))
	}
	s.runTo(8)
	s.to(task.Succeeded, "")
	for i, f := range fs {
		after := uint64(i + 1)
		snapshot, sent, _ := watch(t, f, 0)
		if snapshot != 0 || !slices.Equal(sent, span(after+1, 9)) {
			t.Errorf("resumed after %d: snapshot %d, then %v", after, snapshot, sent)
		}
	}
	for after := uint64(1); after <= 8; after++ {
		if snapshot, sent, _ := watch(t, s.follow(after, true), 0); snapshot != 0 || !slices.Equal(sent, span(after+1, 9)) {
			t.Errorf("resumed after %d at the end: snapshot %d, then %v", after, snapshot, sent)
		}
	}
}

func TestAResumeAfterTheEndIsOver(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	s.to(task.Canceled, "")
	if _, err := s.q.Follow(t.Context(), s.rec.Session, s.rec.ID, 2, true); !errors.Is(err, io.EOF) {
		t.Errorf("err = %v, want EOF", err)
	}
	if n := watched(s.q); n != 0 {
		t.Errorf("%d tasks watched by nobody", n)
	}
}

func TestAnUnknownOrTrimmedEventStartsOver(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	s.runTo(5)
	for _, after := range []uint64{0, 6, 1 << 40} {
		if snapshot, _, _ := watch(t, s.follow(after, true), 5); snapshot != 5 {
			t.Errorf("after %d: snapshot %d", after, snapshot)
		}
	}
	s.to(task.Succeeded, "")
	if err := s.q.Trim(t.Context(), s.rec.Session, s.rec.ID); err != nil {
		t.Fatal(err)
	}
	for after := uint64(1); after < 5; after++ {
		if snapshot, sent, _ := watch(t, s.follow(after, true), 0); snapshot != 6 || !slices.Equal(sent, []uint64{6}) {
			t.Errorf("trimmed, after %d: snapshot %d, then %v", after, snapshot, sent)
		}
	}
	if snapshot, sent, _ := watch(t, s.follow(5, true), 0); snapshot != 0 || !slices.Equal(sent, []uint64{6}) {
		t.Errorf("trimmed, but next to the end: snapshot %d, then %v", snapshot, sent)
	}
}

func TestMoreRevisionsThanAreKeptStartOver(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	s.runTo(maxRevisions + 10)
	if snapshot, _, _ := watch(t, s.follow(3, true), maxRevisions+10); snapshot != maxRevisions+10 {
		t.Errorf("snapshot %d", snapshot)
	}
	if snapshot, sent, _ := watch(t, s.follow(20, true), maxRevisions+10); snapshot != 0 || !slices.Equal(sent, span(21, maxRevisions+10)) {
		t.Errorf("snapshot %d, then %v", snapshot, sent)
	}
}

func TestAGapIsRepaired(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	f := s.follow(0, false)
	s.runTo(6)
	got, err := f.Accept(t.Context(), s.rec) // 2…5 were lost on the way
	if err != nil {
		t.Fatal(err)
	}
	var versions []uint64
	for _, r := range got {
		versions = append(versions, r.Version)
	}
	if !slices.Equal(versions, span(2, 6)) {
		t.Errorf("sent %v", versions)
	}
	s.to(task.Succeeded, "") // what comes late is dropped
	if _, sent, _ := watch(t, f, 0); !slices.Equal(sent[len(sent)-1:], []uint64{7}) || slices.Contains(sent, 3) {
		t.Errorf("then %v", sent)
	}
}

func TestADeletedTaskCannotBeFollowed(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	f := s.follow(0, false)
	if _, err := s.q.Erase(t.Context(), s.rec.Session, s.rec.ID); err != nil {
		t.Fatal(err)
	}
	r := within(t, f.C(), "the tombstone")
	if _, err := f.Accept(t.Context(), r); !errors.Is(err, io.EOF) {
		t.Errorf("an open stream: %v, want EOF", err)
	}
	if _, err := s.q.Follow(t.Context(), s.rec.Session, s.rec.ID, 1, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a new stream: %v, want NotFound", err)
	}
}

func TestATaskThatNeverWasIsMissedLikeADeletedOne(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	if _, err := s.q.Erase(t.Context(), s.rec.Session, s.rec.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []task.ID{s.rec.ID, task.ID(task.NewID())} {
		if _, err := s.q.Follow(t.Context(), s.rec.Session, id, 0, false); fault.CodeOf(err) != fault.TaskNotFound {
			t.Errorf("%v, want task_not_found", err)
		}
	}
}

func TestASlowReaderIsDroppedAloneAndResumes(t *testing.T) {
	t.Parallel()
	s := begin(t, openQueue(t))
	slow, quick := s.follow(0, false), s.follow(0, false)
	const last = readerBuffer + 10
	for s.rec.Version < last {
		state := task.Running
		if s.rec.Version == last-1 {
			state = task.Succeeded
		}
		s.to(state, task.EventProgress)
		if r := within(t, quick.C(), "the quick reader's next event"); r == nil || r.Version != s.rec.Version {
			t.Fatalf("the quick reader got %+v", r)
		}
	}
	_, sent, dropped := watch(t, slow, 0)
	if !dropped || !slices.Equal(sent, span(2, readerBuffer+1)) {
		t.Fatalf("the slow reader got %v, dropped %v", sent, dropped)
	}
	if _, rest, _ := watch(t, s.follow(sent[len(sent)-1], true), 0); !slices.Equal(rest, span(readerBuffer+2, last)) {
		t.Errorf("after it resumed: %v", rest)
	}
}

func TestManyReadersShareOneSubscription(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s := begin(t, q)
	var fs []*Follower
	for range 50 {
		fs = append(fs, s.follow(0, false))
	}
	if n := watched(q); n != 1 {
		t.Errorf("%d subscriptions", n)
	}
	s.runTo(3)
	s.to(task.Expired, "")
	for _, f := range fs {
		if _, sent, _ := watch(t, f, 0); !slices.Equal(sent, span(2, 4)) {
			t.Errorf("a reader got %v", sent)
		}
		f.Close()
		f.Close() // twice is fine
	}
	if n := watched(q); n != 0 {
		t.Errorf("%d subscriptions left", n)
	}
}

// Readers join and leave while the task moves: whatever the moment, each sees
// every version after its snapshot once.
func TestFollowersThatJoinAtAnyMomentSeeAllThatFollows(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	const last = 40
	for range 3 {
		s := begin(t, q)
		session, id := s.rec.Session, s.rec.ID
		var readers sync.WaitGroup
		for range 16 {
			readers.Go(func() {
				var at uint64
				for at < last { // cut after every few events, and resumed
					f, err := q.Follow(context.Background(), session, id, at, at > 0)
					if err != nil {
						t.Errorf("follow after %d: %v", at, err)
						return
					}
					snapshot, sent, _ := watch(t, f, min(last, at+7))
					f.Close()
					if at > 0 && snapshot != 0 {
						t.Errorf("a snapshot on resume after %d", at)
					}
					from := max(at, snapshot)
					if len(sent) > 0 && !slices.Equal(sent, span(from+1, from+uint64(len(sent)))) && sent[0] != last {
						t.Errorf("after %d (snapshot %d): %v", at, snapshot, sent)
					}
					at = max(from, slices.Max(append(sent, 0)))
				}
			})
		}
		s.runTo(last - 1)
		s.to(task.Succeeded, "")
		readers.Wait()
	}
}

// linked is the queue of a second gateway, and its link to the engine of the
// first.
func linked(t *testing.T) (host, here *Queue, link *enginetest.Link) {
	t.Helper()
	p := enginetest.OpenPair(t)
	host = openOn(t, p.Host, 0)
	link = enginetest.OpenLink(t, strings.TrimPrefix(p.Host.ClientURL(), "nats://"))
	e, err := engine.Open(t.Context(), engine.Config{URL: "nats://" + link.Addr(), Token: secret.New("secret"), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return host, openOn(t, e, 0), link
}

func TestReadersOutliveALossOfTheEngine(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*enginetest.Link){"cut": (*enginetest.Link).Cut, "deaf": (*enginetest.Link).Deafen} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, here, link := linked(t)
			s := begin(t, host)
			f, err := here.Follow(t.Context(), s.rec.Session, s.rec.ID, 0, false)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(f.Close)
			gone := begin(t, host)
			ends, err := here.Follow(t.Context(), gone.rec.Session, gone.rec.ID, 0, false)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(ends.Close)
			s.runTo(3)
			if snapshot, sent, _ := watch(t, f, 3); snapshot != 1 || !slices.Equal(sent, span(2, 3)) {
				t.Fatalf("before: snapshot %d, then %v", snapshot, sent)
			}
			lose(link)
			since := time.Now()
			within(t, f.Lost(), "the loss is noticed")
			if took := time.Since(since); took > 5*time.Second {
				t.Errorf("the loss was noticed after %v", took)
			}
			s.runTo(5)
			if _, err := host.Erase(t.Context(), gone.rec.Session, gone.rec.ID); err != nil {
				t.Fatal(err)
			}
			link.Mend()
			back := time.Now()
			if _, sent, dropped := watch(t, f, 5); dropped || !slices.Equal(sent[len(sent)-2:], span(4, 5)) {
				t.Errorf("after: %v, dropped %v", sent, dropped)
			}
			if took := time.Since(back); took > 3*time.Second {
				t.Errorf("what was missed came after %v", took)
			}
			var end error
			for end == nil { // what was sent before may come again; Accept drops it
				_, end = ends.Accept(t.Context(), within(t, ends.C(), "the end of a task that was removed meanwhile"))
			}
			if !errors.Is(end, io.EOF) {
				t.Errorf("a task that was removed meanwhile: %v", end)
			}
			s.to(task.Succeeded, "")
			if _, sent, dropped := watch(t, f, 6); dropped || !slices.Equal(sent, span(6, 6)) {
				t.Errorf("then %v, dropped %v", sent, dropped)
			}
			eventually(t, "the engine is not lost any more", func() bool {
				select {
				case <-f.Lost():
					return false
				default:
					return true
				}
			})
		})
	}
}

func TestShutdownEndsEveryReader(t *testing.T) {
	t.Parallel()
	q, err := Open(t.Context(), openEngine(t), 0, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	f := begin(t, q).follow(0, false)
	cancel()
	if err := within(t, done, "the queue stops"); !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
	if _, open := <-f.C(); open {
		t.Error("an event after shutdown")
	}
}

func watched(q *Queue) int {
	q.hub.mu.Lock()
	defer q.hub.mu.Unlock()
	return len(q.hub.topics)
}

func FuzzStoredBytesNeverPanic(f *testing.F) {
	f.Add([]byte(`{"id":"a","version":1,"attempts":[{"number":1}]}`))
	f.Add([]byte(`{"seed":1e400}`))
	f.Add([]byte("\xff{"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if r, err := decodeRecord(data); err == nil {
			_ = r.Running()
			_ = r.Counts()
		}
		if j, err := decodeJob(data); err == nil {
			_ = j.Accepted()
		}
	})
}
