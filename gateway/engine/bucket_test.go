package engine

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/porttest"
)

// buckets runs a test on disk and in memory: both must behave alike.
func buckets(t *testing.T, history int, test func(*testing.T, *Bucket)) {
	t.Helper()
	for name, memory := range map[string]bool{"file": false, "memory": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things", Memory: memory, History: history}))
		})
	}
}

func bucket(t *testing.T, e *Engine, c BucketConfig) *Bucket {
	t.Helper()
	b, err := e.Bucket(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, b *Bucket, key, value string, expect uint64, ttl time.Duration) uint64 {
	t.Helper()
	rev, err := b.Put(t.Context(), key, []byte(value), expect, ttl)
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return rev
}

func want(t *testing.T, b *Bucket, key, value string) {
	t.Helper()
	e, err := b.Get(t.Context(), key)
	if err != nil || string(e.Value) != value || e.Key != key {
		t.Errorf("get %s = %q (%s), %v; want %q", key, e.Value, e.Key, err, value)
	}
}

func wantMissing(t *testing.T, b *Bucket, key string) {
	t.Helper()
	if e, err := b.Get(t.Context(), key); fault.KindOf(err) != fault.NotFound {
		t.Errorf("get %s = %q, %v; want not found", key, e.Value, err)
	}
}

func TestOnlyTheHolderOfTheNewestRevisionMayWrite(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		wantMissing(t, b, "a.b")
		first := put(t, b, "a.b", "1", 0, 0)
		second := put(t, b, "a.b", "2", first, 0)
		for _, stale := range []uint64{0, first, second + 7} {
			if _, err := b.Put(t.Context(), "a.b", []byte("x"), stale, 0); fault.KindOf(err) != fault.Conflict || fault.CodeOf(err) != fault.RevisionConflict {
				t.Errorf("revision %d: err = %v, want a conflict", stale, err)
			}
			if err := b.Delete(t.Context(), "a.b", stale); fault.KindOf(err) != fault.Conflict {
				t.Errorf("delete at %d: err = %v, want a conflict", stale, err)
			}
		}
		want(t, b, "a.b", "2")
		put(t, b, "a.b", "3", AnyRevision, 0)
		want(t, b, "a.b", "3")
	})
}

func TestOfManyCreatorsOneWins(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		var won []string
		for i := range 16 {
			wg.Go(func() {
				name := fmt.Sprint(i)
				_, err := b.Put(t.Context(), "k", []byte(name), 0, 0)
				if err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				won = append(won, name)
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d creators won", len(won))
		}
		want(t, b, "k", won[0])
	})
}

func TestAnEntryExpires(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		rev := put(t, b, "brief", "x", 0, time.Second)
		put(t, b, "lasting", "x", 0, 0)
		put(t, b, "brief", "y", rev, time.Second) // an update keeps to its own expiry
		eventually(t, func() bool {
			_, err := b.Get(t.Context(), "brief")
			return fault.KindOf(err) == fault.NotFound && err != nil
		})
		want(t, b, "lasting", "x")
		put(t, b, "brief", "again", 0, 0)
		want(t, b, "brief", "again")
	})
}

func TestAnExpiryIsNeverEarly(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		start := time.Now()
		put(t, b, "k", "x", 0, 1400*time.Millisecond)
		eventually(t, func() bool {
			_, err := b.Get(t.Context(), "k")
			return err != nil
		})
		if lived := time.Since(start); lived < 1400*time.Millisecond {
			t.Errorf("it lived %v, was given 1.4s", lived)
		}
	})
}

func TestADeletedKeyIsGoneAndMayComeAgain(t *testing.T) {
	t.Parallel()
	buckets(t, 8, func(t *testing.T, b *Bucket) {
		put(t, b, "k", "1", 0, 0)
		rev := put(t, b, "k", "2", AnyRevision, 0)
		if err := b.Delete(t.Context(), "k", rev); err != nil {
			t.Fatal(err)
		}
		wantMissing(t, b, "k")
		if h, err := b.History(t.Context(), "k"); err != nil || len(h) != 1 || !h[0].Deleted || h[0].Value != nil {
			t.Errorf("history = %+v, %v; want only that it was deleted", h, err)
		}
		put(t, b, "k", "3", 0, 0)
		want(t, b, "k", "3")
		if err := b.Delete(t.Context(), "never.was", AnyRevision); err != nil {
			t.Errorf("deleting nothing: %v", err)
		}
	})
}

func TestUpdatesOfManyWritersAreAllKept(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					if _, err := b.Update(t.Context(), "n", func(old []byte) ([]byte, time.Duration, error) {
						return append(slices.Clone(old), '+'), 0, nil
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		e, err := b.Get(t.Context(), "n")
		if err != nil || len(e.Value) != 40 {
			t.Errorf("%d updates kept (%v), want 40", len(e.Value), err)
		}
	})
}

func TestAnUpdateMayDecideToLeaveThings(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		rev := put(t, b, "k", "1", 0, 0)
		nothing := func([]byte) ([]byte, time.Duration, error) { return nil, 0, nil }
		if e, err := b.Update(t.Context(), "k", nothing); err != nil || e.Revision != rev || string(e.Value) != "1" {
			t.Errorf("update = %+v, %v", e, err)
		}
		no := errors.New("no")
		if _, err := b.Update(t.Context(), "k", func([]byte) ([]byte, time.Duration, error) { return []byte("x"), 0, no }); !errors.Is(err, no) {
			t.Errorf("err = %v, want the change's own", err)
		}
		want(t, b, "k", "1")
		if e, err := b.Update(t.Context(), "new", func(old []byte) ([]byte, time.Duration, error) {
			if old != nil {
				t.Errorf("a missing key holds %q", old)
			}
			return []byte("n"), 0, nil
		}); err != nil || e.Revision == 0 {
			t.Errorf("update = %+v, %v", e, err)
		}
	})
}

func TestHistoryIsKeptOldestFirst(t *testing.T) {
	t.Parallel()
	buckets(t, 3, func(t *testing.T, b *Bucket) {
		put(t, b, "other", "x", 0, 0)
		for i := range 5 {
			put(t, b, "k", fmt.Sprint(i), AnyRevision, 0)
		}
		h, err := b.History(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range h {
			got = append(got, string(e.Value))
		}
		if !slices.Equal(got, []string{"2", "3", "4"}) {
			t.Errorf("history = %v", got)
		}
		if h, err := b.History(t.Context(), "none"); err != nil || len(h) != 0 {
			t.Errorf("history of nothing = %v, %v", h, err)
		}
	})
}

func TestKeysAreListedByPrefix(t *testing.T) {
	t.Parallel()
	buckets(t, 1, func(t *testing.T, b *Bucket) {
		for _, k := range []string{"s1.a", "s1.b", "s2.a", "s1.deep.c"} {
			put(t, b, k, k, 0, 0)
		}
		for filter, want := range map[string][]string{
			"s1.*": {"s1.a", "s1.b"}, "s1.>": {"s1.a", "s1.b", "s1.deep.c"}, ">": {"s1.a", "s1.b", "s1.deep.c", "s2.a"}, "s3.*": {},
		} {
			got, err := b.Keys(t.Context(), filter)
			slices.Sort(got)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("keys %s = %v, %v; want %v", filter, got, err, want)
			}
		}
		if err := b.Delete(t.Context(), "s1.a", AnyRevision); err != nil {
			t.Fatal(err)
		}
		var live []string
		for e, err := range b.Entries(t.Context(), "s1.*") {
			if err != nil {
				t.Fatal(err)
			}
			live = append(live, string(e.Value))
		}
		if !slices.Equal(live, []string{"s1.b"}) {
			t.Errorf("entries = %v, want only what lives", live)
		}
	})
}

func TestARestartKeepsWhatWasOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, dir)
	b := bucket(t, e, BucketConfig{Name: "things", History: 4})
	put(t, b, "k", "1", 0, 0)
	rev := put(t, b, "k", "2", AnyRevision, 0)
	e.Close()

	b = bucket(t, open(t, dir), BucketConfig{Name: "things", History: 4})
	want(t, b, "k", "2")
	if h, err := b.History(t.Context(), "k"); err != nil || len(h) != 2 {
		t.Errorf("history = %v, %v; want both", h, err)
	}
	if next := put(t, b, "k", "3", rev, 0); next <= rev {
		t.Errorf("revision %d follows %d", next, rev)
	}
}

func TestGatewaysShareABucket(t *testing.T) {
	t.Parallel()
	addr := porttest.Must(t, 1)[0]
	c := BucketConfig{Name: "things"}
	one, two := bucket(t, hosted(t, t.TempDir(), addr), c), bucket(t, joined(t, addr), c)
	rev := put(t, one, "k", "1", 0, 0)
	want(t, two, "k", "1")
	put(t, two, "k", "2", rev, 0)
	want(t, one, "k", "2")
}

func TestAClosedEngineFailsEveryCall(t *testing.T) {
	t.Parallel()
	e := open(t, t.TempDir())
	b := bucket(t, e, BucketConfig{Name: "things"})
	e.Close()
	ctx := t.Context()
	_, get := b.Get(ctx, "k")
	_, put := b.Put(ctx, "k", nil, 0, 0)
	_, keys := b.Keys(ctx, ">")
	_, history := b.History(ctx, "k")
	_, update := b.Update(ctx, "k", func([]byte) ([]byte, time.Duration, error) { return []byte("x"), 0, nil })
	_, again := e.Bucket(ctx, BucketConfig{Name: "others"})
	for name, err := range map[string]error{
		"get": get, "put": put, "keys": keys, "history": history, "update": update, "delete": b.Delete(ctx, "k", AnyRevision),
		"watch": b.Watch(ctx, ">", Watcher{Lost: func(error) {}}), "bucket": again,
	} {
		if fault.KindOf(err) != fault.Unavailable && fault.KindOf(err) != fault.Timeout {
			t.Errorf("%s: err = %v, want unavailable", name, err)
		}
	}
	for _, err := range b.Entries(ctx, ">") {
		if err == nil {
			t.Error("entries of a closed engine")
		}
	}
}

// eventually asks until the engine's own clock has come round.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within ten seconds")
		}
	}
}

func TestExpiryIsNeverEarlierThanAsked(t *testing.T) {
	t.Parallel()
	for ask, want := range map[time.Duration]time.Duration{
		-time.Hour: time.Second, 0: time.Second, 1: time.Second, time.Second: time.Second,
		1100 * time.Millisecond: 2 * time.Second, time.Hour + 1: time.Hour + time.Second,
	} {
		if got := wholeSeconds(ask); got != want {
			t.Errorf("%v: %v, want %v", ask, got, want)
		}
	}
}
