package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/porttest"
)

// watching follows a filter until the test ends; a zero Entry stands for
// the end of a walk.
func watching(t *testing.T, b *Bucket, filter string) <-chan Entry {
	t.Helper()
	seen := make(chan Entry, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.Watch(ctx, filter, Watcher{
			Begin:  func() {},
			Entry:  func(_ context.Context, e Entry) error { seen <- e; return nil },
			Walked: func(func() bool) { seen <- Entry{} },
			Lost:   func(error) {},
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return seen
}

// expect takes the next entry and says whether it is the wanted one.
func expect(t *testing.T, seen <-chan Entry, key, value string) Entry {
	t.Helper()
	select {
	case e := <-seen:
		if e.Key != key || string(e.Value) != value {
			t.Errorf("saw %q = %q (deleted: %v), want %q = %q", e.Key, e.Value, e.Deleted, key, value)
		}
		return e
	case <-time.After(20 * time.Second):
		t.Fatalf("never saw %q = %q", key, value)
		return Entry{}
	}
}

func TestAWatchWalksThenTellsThenFollows(t *testing.T) {
	t.Parallel()
	buckets(t, 4, func(t *testing.T, b *Bucket) {
		put(t, b, "w.a", "1", 0, 0)
		put(t, b, "w.a", "2", AnyRevision, 0) // only the newest is walked
		put(t, b, "x.a", "not watched", 0, 0)
		seen := watching(t, b, "w.*")
		expect(t, seen, "w.a", "2")
		expect(t, seen, "", "")
		rev := put(t, b, "w.b", "3", 0, 0)
		if e := expect(t, seen, "w.b", "3"); e.Revision != rev || e.Created.IsZero() {
			t.Errorf("entry = %+v, want revision %d", e, rev)
		}
		if err := b.Delete(t.Context(), "w.b", rev); err != nil {
			t.Fatal(err)
		}
		if e := expect(t, seen, "w.b", ""); !e.Deleted {
			t.Error("a deletion was not told")
		}
	})
}

func TestAWatchOfNothingTellsSoAtOnce(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		expect(t, watching(t, b, ">"), "", "")
	})
}

func TestAWatcherSeesAnEntryExpire(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		put(t, b, "brief", "x", 0, time.Second)
		seen := watching(t, b, ">")
		expect(t, seen, "brief", "x")
		expect(t, seen, "", "")
		if e := expect(t, seen, "brief", ""); !e.Deleted {
			t.Error("an expiry was not told")
		}
	})
}

func TestAWatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := b.Watch(ctx, ">", Watcher{Begin: func() {}, Walked: func(func() bool) { cancel(why) }})
	if !errors.Is(err, why) {
		t.Errorf("err = %v, want the cause", err)
	}
}

// An engine of its own has no gateway that makes its buckets when it starts.
func TestAWatchMakesALostMemoryBucketAgain(t *testing.T) {
	t.Parallel()
	addr, dir := porttest.Must(t, 1)[0], t.TempDir()
	host := hosted(t, dir, addr)
	b := bucket(t, joined(t, addr), BucketConfig{Name: "things", Memory: true})
	seen := watching(t, b, ">")
	expect(t, seen, "", "")
	host.Close()
	hosted(t, dir, addr)
	expect(t, seen, "", "")
	put(t, b, "new", "y", 0, 0)
	expect(t, seen, "new", "y")
}

// A second gateway must not miss what is written after the first, which hosts
// the engine, came back: a memory bucket counts from 1 again.
func TestAWatchSurvivesARestartOfTheEngine(t *testing.T) {
	t.Parallel()
	for name, memory := range map[string]bool{"file": false, "memory": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, dir, c := porttest.Must(t, 1)[0], t.TempDir(), BucketConfig{Name: "things", Memory: memory}
			host := hosted(t, dir, addr)
			b := bucket(t, host, c)
			for range 5 {
				put(t, b, "old", "x", AnyRevision, 0)
			}
			seen := watching(t, bucket(t, joined(t, addr), c), ">")
			expect(t, seen, "old", "x")
			expect(t, seen, "", "")
			host.Close()

			b = bucket(t, hosted(t, dir, addr), c)
			if !memory {
				expect(t, seen, "old", "x")
			}
			expect(t, seen, "", "")
			put(t, b, "new", "y", 0, 0)
			expect(t, seen, "new", "y")
		})
	}
}
