package experiment

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	deskLinger = 20 * time.Millisecond // between two writes of feedback
	deskKept   = 400 * 24 * time.Hour
	deskSweep  = time.Minute
)

// results are an experiment's counts by arm, as they are written.
type results struct {
	Arms map[string]Counts `json:"arms"`
}

func resultOf(arm task.Arm, c Counts) results { return results{map[string]Counts{arm.Name: c}} }

func (r *results) add(o results) {
	if r.Arms == nil {
		r.Arms = make(map[string]Counts)
	}
	for name, c := range o.Arms {
		sum := r.Arms[name]
		sum.Add(c)
		r.Arms[name] = sum
	}
}

// Desk counts what the arms of experiments do, one page of the book for each
// experiment. Each gateway has a desk, and they write into the same pages.
type Desk struct {
	bucket  *engine.Bucket
	book    *engine.Book[results]
	pages   *engine.Mirror[[]byte] // as all gateways have written them
	divided divisions
}

// Open prepares the desk and reads the pages; Run keeps them.
func Open(ctx context.Context, e *engine.Engine, log *slog.Logger) (*Desk, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "experiments"})
	if err != nil {
		return nil, fmt.Errorf("open experiments: %w", err)
	}
	d := &Desk{
		bucket: b,
		book:   engine.NewBook(engine.BookConfig[results]{Bucket: b, Kept: deskKept, Linger: deskLinger, Add: (*results).add, Logger: log}),
		pages: engine.NewMirror(engine.MirrorConfig[[]byte]{
			Bucket: b, Filter: ">",
			Read: func(_ context.Context, e engine.Entry) ([]byte, bool, error) { return e.Value, true, nil },
		}),
	}
	if err := e.Insist(ctx, d.pages.Refresh); err != nil {
		return nil, fmt.Errorf("open experiments: %w", err)
	}
	return d, nil
}

// Post counts a task that has ended, once however often it is called, and
// returns when that is written.
func (d *Desk) Post(ctx context.Context, arm task.Arm, id task.ID, c Counts) error {
	return d.book.Post(ctx, arm.Book, string(id), resultOf(arm, c))
}

// Close notes that a counted task's job will not come again.
func (d *Desk) Close(arm task.Arm, id task.ID) { d.book.Close(arm.Book, string(id)) }

// Feedback counts what somebody says of a picture, soon. Nobody waits for it,
// and a kill loses what was said within the last moment.
func (d *Desk) Feedback(arm task.Arm, c Counts) { d.book.Add(arm.Book, resultOf(arm, c)) }

// Counts reads what an experiment has counted, by arm.
func (d *Desk) Counts(ctx context.Context, book string) (map[string]Counts, error) {
	p, err := engine.ReadPage[results](ctx, d.bucket, book)
	if err != nil {
		return nil, fmt.Errorf("read experiment: %w", err)
	}
	return p.Sums.Arms, nil
}

// Run writes, and learns what other gateways write, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	defer loops.Wait()
	loops.Go(func() { _ = d.pages.Run(ctx) })
	loops.Go(func() { d.divided.learn(ctx, d.pages.Lookup) })
	loops.Go(func() { d.sweep(ctx) })
	return d.book.Run(ctx)
}

// sweep looks for pages to tidy until ctx ends.
func (d *Desk) sweep(ctx context.Context) {
	for now := range tick.After(ctx, deskSweep) {
		d.tidy(now)
	}
}

// tidy takes old ids out of pages that nobody writes to any more. A gateway
// that was killed did not close them.
func (d *Desk) tidy(now time.Time) {
	for name, page := range d.pages.All() {
		if p, err := engine.ParsePage[results](page); err == nil && p.Aged(now) {
			d.book.Tidy(name)
		}
	}
}
