package engine

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	bookGap     = 20 * time.Millisecond // between two writes, however many entries are posted
	bookRetry   = 2 * time.Second       // after a failed write, for entries that nobody waits for
	bookTidy    = 2 * time.Second       // until a closed id leaves its page
	bookOpen    = time.Hour             // then an id leaves its page without having been closed
	bookGoodbye = time.Second           // for what is left when Run ends
)

// BookConfig says what a book adds up.
type BookConfig[T any] struct {
	Bucket *Bucket
	Kept   time.Duration // of a page that is not written any more; 0 for good
	Linger time.Duration // how long entries that nobody waits for are collected

	// Add adds an entry to sums. It keeps nothing of the entry's own memory.
	Add func(sums *T, entry T)

	// Trim takes out of the sums what is over, before each write. Nil: nothing
	// is ever over.
	Trim func(ctx context.Context, sums *T, now time.Time) error

	// Written is told each page that was written, and keeps none of its maps.
	// Nil: nobody is told.
	Written func(key string, p Page[T])

	Logger *slog.Logger // of failures that no caller sees
}

// Book adds up entries in a bucket, one page of sums for each key. Entries are
// written in batches, onto whatever other books have written meanwhile. An
// entry with an id is added once, however often it is posted and to however
// many books, until its id is closed or an hour old.
type Book[T any] struct {
	c     BookConfig[T]
	wake  chan struct{}      // due came closer
	pages map[string]Page[T] // as last written; only Run uses them

	mu     sync.Mutex
	drafts map[string]*draft[T]
	due    time.Time // of the next write; zero for none
}

// draft is what a page has yet to take in.
type draft[T any] struct {
	entries []entry[T]
	loose   *T // sums of entries without an id
	closed  []string
}

// entry is one that somebody waits for.
type entry[T any] struct {
	id   string
	sums T
	done chan error
}

// NewBook makes a book; Run writes it.
func NewBook[T any](c BookConfig[T]) *Book[T] {
	return &Book[T]{c: c, wake: make(chan struct{}, 1), pages: make(map[string]Page[T]), drafts: make(map[string]*draft[T])}
}

// Post adds an entry and returns when it is on the disk. An error does not say
// that it is not there: the caller posts it again.
func (b *Book[T]) Post(ctx context.Context, key, id string, sums T) error {
	e := entry[T]{id: id, sums: sums, done: make(chan error, 1)}
	b.edit(key, 0, func(d *draft[T]) { d.entries = append(d.entries, e) })
	select {
	case err := <-e.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Add adds an entry that nobody waits for. A kill loses those of the last
// moment.
func (b *Book[T]) Add(key string, sums T) {
	b.edit(key, b.c.Linger, func(d *draft[T]) { d.add(b.c.Add, sums) })
}

// Close says that an id is not posted again.
func (b *Book[T]) Close(key, id string) {
	b.edit(key, bookTidy, func(d *draft[T]) { d.closed = append(d.closed, id) })
}

// Tidy writes a page again, so that ids leave it that are an hour old.
func (b *Book[T]) Tidy(key string) { b.Close(key, "") }

// edit changes the draft of a page that is to be written within some time.
func (b *Book[T]) edit(key string, within time.Duration, change func(*draft[T])) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drafts[key] == nil {
		b.drafts[key] = new(draft[T])
	}
	change(b.drafts[key])
	if due := time.Now().Add(within); b.due.IsZero() || due.Before(b.due) {
		b.due = due
		tick.Wake(b.wake)
	}
}

func (b *Book[T]) take() map[string]*draft[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.drafts
	b.drafts, b.due = make(map[string]*draft[T]), time.Time{}
	return out
}

func (b *Book[T]) untilDue() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due.IsZero() {
		return bookOpen // there is nothing to write
	}
	return time.Until(b.due)
}

// Run writes until ctx ends, and then what is left.
func (b *Book[T]) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			b.finish(ctx)
			return context.Cause(ctx)
		case <-b.wake:
		case <-time.After(b.untilDue()):
			b.write(ctx)
			tick.Wait(ctx, bookGap)
		}
	}
}

// finish writes what is left when ctx has ended.
func (b *Book[T]) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookGoodbye)
	defer cancel()
	b.write(ctx)
}

// write writes every draft into its page. What nobody waits for stays a draft
// when that fails.
func (b *Book[T]) write(ctx context.Context) {
	for key, d := range b.take() {
		err := b.update(ctx, key, d)
		if err != nil && (d.loose != nil || len(d.closed) > 0) {
			b.c.Logger.Warn("entries not written, trying again", "page", key, "err", err)
			b.edit(key, bookRetry, func(later *draft[T]) {
				later.closed = append(later.closed, d.closed...)
				if d.loose != nil {
					later.add(b.c.Add, *d.loose)
				}
			})
		}
		for _, e := range d.entries {
			e.done <- err
		}
	}
}

// update writes a draft into the newest revision of its page. That is the one
// which this book wrote last, unless another book has written since.
func (b *Book[T]) update(ctx context.Context, key string, d *draft[T]) error {
	for {
		p, known := b.pages[key]
		delete(b.pages, key) // it is not known again until it is written
		if !known {
			var err error
			if p, err = ReadPage[T](ctx, b.c.Bucket, key); err != nil {
				return fmt.Errorf("read page %s: %w", key, err)
			}
		}
		err := b.replace(ctx, key, p, d)
		if fault.KindOf(err) == fault.Conflict {
			continue
		}
		return err
	}
}

// replace writes a page with a draft folded in, unless it has a newer revision.
func (b *Book[T]) replace(ctx context.Context, key string, p Page[T], d *draft[T]) error {
	now := time.Now()
	p.fold(d, b.c.Add, now)
	if b.c.Trim != nil {
		if err := b.c.Trim(ctx, &p.Sums, now); err != nil {
			return err
		}
	}
	data, err := p.encode()
	if err == nil {
		p.revision, err = b.c.Bucket.Put(ctx, key, data, p.revision, b.c.Kept)
	}
	if err != nil {
		return fmt.Errorf("write page %s: %w", key, err)
	}
	b.pages[key] = p
	if b.c.Written != nil {
		b.c.Written(key, p)
	}
	return nil
}

func (d *draft[T]) add(add func(*T, T), sums T) {
	if d.loose == nil {
		d.loose = new(T)
	}
	add(d.loose, sums)
}

// fold takes a draft in. An entry whose id is open was added before.
func (p *Page[T]) fold(d *draft[T], add func(*T, T), now time.Time) {
	for _, e := range d.entries {
		if _, again := p.Open[e.id]; !again {
			p.Open[e.id] = now.Unix()
			add(&p.Sums, e.sums)
		}
	}
	if d.loose != nil {
		add(&p.Sums, *d.loose)
	}
	for _, id := range d.closed {
		delete(p.Open, id)
	}
	maps.DeleteFunc(p.Open, func(_ string, at int64) bool { return aged(at, now) })
}
