package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tally is what the books of these tests add up.
type tally struct {
	Fruit map[string]int64 `json:"fruit,omitempty"`
}

func (t *tally) add(o tally) {
	if t.Fruit == nil {
		t.Fruit = make(map[string]int64)
	}
	for name, n := range o.Fruit {
		t.Fruit[name] += n
	}
}

func apples(n int64) tally { return tally{Fruit: map[string]int64{"apples": n}} }

func newBook(b *Bucket, change ...func(*BookConfig[tally])) *Book[tally] {
	c := BookConfig[tally]{Bucket: b, Add: (*tally).add, Logger: slog.New(slog.DiscardHandler)}
	for _, change := range change {
		change(&c)
	}
	return NewBook(c)
}

// kept runs a book; stop ends it as a shutdown does.
func kept(t *testing.T, b *Bucket, change ...func(*BookConfig[tally])) (k *Book[tally], stop func()) {
	t.Helper()
	k = newBook(b, change...)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = k.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return k, stop
}

func post(t *testing.T, k *Book[tally], id string, sums tally) {
	t.Helper()
	if err := k.Post(t.Context(), "market", id, sums); err != nil {
		t.Errorf("post %s: %v", id, err)
	}
}

func page(t *testing.T, b *Bucket) Page[tally] {
	t.Helper()
	p, err := ReadPage[tally](t.Context(), b, "market")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEntriesOfAllBooksAreAddedOnce(t *testing.T) {
	t.Parallel()
	e := open(t, t.TempDir())
	b := bucket(t, e, BucketConfig{Name: "things"})
	one, _ := kept(t, b)
	two, _ := kept(t, b)
	var posts sync.WaitGroup
	for i := range 100 {
		for _, k := range []*Book[tally]{one, two} {
			posts.Go(func() { post(t, k, fmt.Sprint("id", i), apples(3)) })
		}
	}
	posts.Wait()
	p := page(t, b)
	if p.Sums.Fruit["apples"] != 300 || len(p.Open) != 100 {
		t.Errorf("added up %v, open %d", p.Sums, len(p.Open))
	}
	if last, err := b.Get(t.Context(), "market"); err != nil || last.Revision > 100 {
		t.Errorf("%d writes for 200 posts, %v", last.Revision, err)
	}
}

func TestAnEntryIsOnTheDiskWhenPostReturns(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	var told []Page[tally]
	k, _ := kept(t, b, func(c *BookConfig[tally]) {
		c.Written = func(_ string, p Page[tally]) { told = append(told, Page[tally]{p.Sums, maps.Clone(p.Open), 0}) }
	})
	post(t, k, "one", apples(3))
	if p := page(t, b); p.Sums.Fruit["apples"] != 3 {
		t.Errorf("on the disk is %v", p.Sums)
	}
	if len(told) != 1 || !maps.Equal(told[0].Sums.Fruit, apples(3).Fruit) || len(told[0].Open) != 1 {
		t.Errorf("the writer was told %v", told)
	}
}

// A kill may come before an entry is written or before its poster knows of
// the write. The poster posts it again in both cases, to another book.
func TestAKillAroundAWriteLosesNothingAndAddsNothingTwice(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	killed := newBook(b) // it never writes
	ctx, kill := context.WithCancelCause(t.Context())
	gone := errors.New("killed")
	time.AfterFunc(time.Millisecond, func() { kill(gone) })
	if err := killed.Post(ctx, "market", "one", apples(3)); !errors.Is(err, gone) {
		t.Errorf("posted: %v", err)
	}
	wrote, _ := kept(t, b)
	post(t, wrote, "two", apples(3)) // and is killed before it hears of that
	next, _ := kept(t, b)
	post(t, next, "one", apples(3))
	post(t, next, "two", apples(3))
	post(t, wrote, "one", apples(3)) // whose page is an old one by now
	if p := page(t, b); p.Sums.Fruit["apples"] != 6 || len(p.Open) != 2 {
		t.Errorf("added up %v, open %v", p.Sums, p.Open)
	}
}

func TestWhatNobodyWaitsForOutlivesAShutdown(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	k, stop := kept(t, b, func(c *BookConfig[tally]) { c.Linger = time.Hour })
	post(t, k, "one", apples(3))
	k.Close("market", "one")
	for range 10 {
		k.Add("market", apples(1))
	}
	stop()
	if p := page(t, b); p.Sums.Fruit["apples"] != 13 || len(p.Open) != 0 {
		t.Errorf("added up %v, open %v", p.Sums, p.Open)
	}
}

func TestWhatCannotBeWrittenStaysUnlessItsPosterIsTold(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	refuse := errors.New("no")
	k, stop := kept(t, b, func(c *BookConfig[tally]) {
		c.Linger = time.Hour
		c.Trim = func(context.Context, *tally, time.Time) error { return refuse }
	})
	k.Add("market", apples(1))
	k.Close("market", "one")
	if err := k.Post(t.Context(), "market", "one", apples(3)); !errors.Is(err, refuse) {
		t.Errorf("posted: %v", err)
	}
	stop()
	drafts := k.take()
	if d := drafts["market"]; d == nil || d.loose == nil || d.loose.Fruit["apples"] != 1 || len(d.closed) != 1 || len(d.entries) != 0 {
		t.Errorf("left is %+v", d)
	}
}

func TestARepeatIsKnownUntilItsIDIsClosedOrAnHourOld(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	p, err := ParsePage[tally](nil)
	if err != nil {
		t.Fatal(err)
	}
	fold := func(at time.Time, d *draft[tally]) { p.fold(d, (*tally).add, at) }
	one := []entry[tally]{{id: "one", sums: apples(3)}}
	fold(now, &draft[tally]{entries: append(one, one...)})
	fold(now.Add(bookOpen), &draft[tally]{entries: one})
	if p.Sums.Fruit["apples"] != 3 || len(p.Open) != 1 || p.Aged(now.Add(bookOpen)) {
		t.Errorf("a repeat gives %v, open %v", p.Sums, p.Open)
	}
	if late := now.Add(bookOpen + time.Second); !p.Aged(late) {
		t.Error("the id never ages")
	} else if fold(late, new(draft[tally])); len(p.Open) != 0 {
		t.Errorf("an hour later %v are open", p.Open)
	}
	fold(now, &draft[tally]{entries: one, closed: []string{"one"}, loose: &tally{Fruit: map[string]int64{"pears": 1}}})
	if len(p.Open) != 0 || !maps.Equal(p.Sums.Fruit, map[string]int64{"apples": 6, "pears": 1}) {
		t.Errorf("after its close %v, open %v", p.Sums, p.Open)
	}
}

func TestAPageIsOneObjectWithItsOpenIDs(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Page[tally]{
		`{}`:                                     {},
		`{"open":{"one":1}}`:                     {Open: map[string]int64{"one": 1}},
		`{"fruit":{"pears":1}}`:                  {Sums: tally{map[string]int64{"pears": 1}}, Open: map[string]int64{}},
		`{"fruit":{"pears":1},"open":{"one":1}}`: {Sums: tally{map[string]int64{"pears": 1}}, Open: map[string]int64{"one": 1}},
	} {
		data, err := p.encode()
		if err != nil || string(data) != want {
			t.Errorf("written %s, %v; want %s", data, err, want)
		}
		again, err := ParsePage[tally](data)
		if err != nil || !maps.Equal(again.Sums.Fruit, p.Sums.Fruit) || !maps.Equal(again.Open, p.Open) {
			t.Errorf("%s is read as %+v, %v", data, again, err)
		}
	}
	for _, damaged := range []string{"{", "[]", `{"open":3}`, `{"fruit":"pears"}`} {
		if p, err := ParsePage[tally]([]byte(damaged)); err == nil {
			t.Errorf("%s is read as %+v: a damaged page begins anew", damaged, p)
		}
	}
}

// The clock of a bubble: what lingers is due later than what somebody waits
// for, and an earlier entry moves the write forward.
func TestAWriteIsDueWhenItsMostUrgentEntryIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newBook(nil, func(c *BookConfig[tally]) { c.Linger = time.Minute })
		due := func(want time.Duration) {
			t.Helper()
			if got := k.untilDue(); got != want {
				t.Errorf("due in %v, want %v", got, want)
			}
		}
		due(bookOpen)
		k.Add("market", apples(1))
		due(time.Minute)
		time.Sleep(30 * time.Second) //nolint:forbidigo // no time passes in a bubble
		k.Add("harbour", apples(1))
		due(30 * time.Second)
		k.Close("market", "one")
		due(bookTidy)
		k.edit("market", 0, func(*draft[tally]) {}) // as Post does
		due(0)
		if drafts := k.take(); len(drafts) != 2 {
			t.Errorf("drafts are %v", drafts)
		}
		due(bookOpen)
	})
}
