package experiment

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bytedance/sonic"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	deskGap   = 20 * time.Millisecond // between two writes, however many tasks end
	deskTick  = 2 * time.Second       // between two looks at what nobody waits for
	deskBatch = 512
	deskKept  = 400 * 24 * time.Hour
	deskSweep = time.Minute
	deskOpen  = time.Hour // a job that was not leased again by then was acknowledged
	goodbye   = time.Second
)

// book is an experiment's counts as they are written. Open are the tasks
// counted whose jobs may come again; they are not counted twice.
type book struct {
	Arms map[string]Counts `json:"arms"`
	Open map[task.ID]int64 `json:"open,omitempty"` // unix seconds
}

func readBook(data []byte) (b book, err error) {
	if data != nil {
		err = sonic.Unmarshal(data, &b)
	}
	if b.Arms == nil {
		b.Arms = make(map[string]Counts)
	}
	if b.Open == nil {
		b.Open = make(map[task.ID]int64)
	}
	return b, err
}

// posting is counts on their way into a book.
type posting struct {
	arm    task.Arm
	id     task.ID // "" for opinions: nobody waits for those
	counts Counts
	done   chan error
}

// place is where an opinion is counted.
type place struct{ book, arm string }

// closed is a task whose job will not come again.
type closed struct {
	book string
	id   task.ID
}

// Desk keeps the books of experiments. Each gateway has one; writes are
// batched, and go on from what the others wrote.
type Desk struct {
	bucket *engine.Bucket
	log    *slog.Logger
	in     chan posting
	acked  chan closed

	books   *engine.Mirror[[]byte] // as all gateways have written them
	divided divisions
}

// Open prepares the desk and reads the books; Run keeps them.
func Open(ctx context.Context, e *engine.Engine, log *slog.Logger, reg prometheus.Registerer) (*Desk, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "experiments"})
	if err != nil {
		return nil, fmt.Errorf("open experiments: %w", err)
	}
	d := &Desk{
		bucket: b, log: log, in: make(chan posting, deskBatch), acked: make(chan closed, 4*deskBatch),
		divided: divisions{of: make(map[string]division)},
		books: engine.NewMirror(engine.MirrorConfig[[]byte]{
			Name: "experiments", Bucket: b, Filter: ">", Logger: log, Registry: reg,
			Read: func(_ context.Context, e engine.Entry) ([]byte, bool, error) { return e.Value, true, nil },
		}),
	}
	if err := d.books.Refresh(ctx); err != nil {
		return nil, fmt.Errorf("open experiments: %w", err)
	}
	return d, nil
}

// Post counts a task that has ended, once however often it is called, and
// returns when that is written.
func (d *Desk) Post(ctx context.Context, arm task.Arm, id task.ID, c Counts) error {
	p := posting{arm: arm, id: id, counts: c, done: make(chan error, 1)}
	select {
	case d.in <- p:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close notes that a counted task's job will not come again.
func (d *Desk) Close(arm task.Arm, id task.ID) {
	select {
	case d.acked <- closed{arm.Book, id}:
	default: // it leaves by its age
	}
}

// Opine counts what somebody thinks of a picture, soon. Nobody waits for it,
// and a kill loses what was said within its last moment.
func (d *Desk) Opine(arm task.Arm, c Counts) {
	select {
	case d.in <- posting{arm: arm, counts: c}:
	default:
		d.log.Warn("opinion not counted, too many at once", "experiment", arm.Experiment)
	}
}

// Counts reads an experiment's book, by arm.
func (d *Desk) Counts(ctx context.Context, name string) (map[string]Counts, error) {
	var b book
	_, err := d.bucket.Update(ctx, name, func(old []byte) (_ []byte, _ time.Duration, err error) {
		b, err = readBook(old)
		return nil, 0, err
	})
	if err != nil {
		return nil, fmt.Errorf("read experiment: %w", err)
	}
	return b.Arms, nil
}

// Run writes, and hears what others write, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	var hearing sync.WaitGroup
	defer hearing.Wait()
	hearing.Go(func() { _ = d.books.Run(ctx) })
	hearing.Go(func() { d.divided.learn(ctx, d.books.Lookup) })
	return d.writeAll(ctx)
}

func (d *Desk) writeAll(ctx context.Context) error {
	tick := time.NewTicker(deskTick)
	defer tick.Stop()
	opinions := make(map[place]Counts)
	for swept := time.Now(); ; {
		var batch []posting
		select {
		case <-ctx.Done():
			d.last(ctx, opinions)
			return context.Cause(ctx)
		case p := <-d.in:
			batch = append(batch, p)
		case <-tick.C:
		}
		var old []string
		if now := time.Now(); now.Sub(swept) >= deskSweep {
			swept, old = now, d.aged(now)
		}
		d.write(ctx, d.drain(batch), opinions, old...)
		select {
		case <-ctx.Done():
		case <-time.After(deskGap):
		}
	}
}

// last writes what has come until the end.
func (d *Desk) last(ctx context.Context, opinions map[place]Counts) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	d.write(ctx, d.drain(nil), opinions)
}

func (d *Desk) drain(batch []posting) []posting {
	for len(batch) < deskBatch && len(d.in) > 0 {
		batch = append(batch, <-d.in)
	}
	return batch
}

// write applies a batch, each book's by itself. Opinions that cannot be
// written stay for the next time. Books that are aged forget ids.
func (d *Desk) write(ctx context.Context, batch []posting, opinions map[place]Counts, aged ...string) {
	tasks, acked, touched := make(map[string][]posting), make(map[string][]task.ID), make(map[string]bool)
	for _, name := range aged {
		touched[name] = true
	}
	for _, p := range batch {
		if p.id == "" {
			at := place{p.arm.Book, p.arm.Name}
			sum := opinions[at]
			sum.Add(p.counts)
			opinions[at] = sum
			continue
		}
		touched[p.arm.Book] = true
		tasks[p.arm.Book] = append(tasks[p.arm.Book], p)
	}
	for range len(d.acked) {
		c := <-d.acked
		touched[c.book] = true
		acked[c.book] = append(acked[c.book], c.id)
	}
	for at := range opinions {
		touched[at.book] = true
	}
	for name := range touched {
		err := d.update(ctx, name, tasks[name], acked[name], opinions)
		if err != nil {
			d.log.Warn("experiment not written", "experiment", name, "err", err)
		}
		for _, p := range tasks[name] {
			p.done <- err
		}
	}
}

func (d *Desk) update(ctx context.Context, name string, tasks []posting, acked []task.ID, opinions map[place]Counts) error {
	_, err := d.bucket.Update(ctx, name, func(old []byte) ([]byte, time.Duration, error) {
		b, err := readBook(old)
		if err != nil {
			return nil, 0, err
		}
		b.apply(tasks, acked, time.Now())
		for at, c := range opinions {
			if at.book == name {
				b.add(at.arm, c)
			}
		}
		data, err := sonic.Marshal(b)
		return data, deskKept, err
	})
	if err != nil {
		return fmt.Errorf("write experiment: %w", err)
	}
	for at := range opinions {
		if at.book == name {
			delete(opinions, at)
		}
	}
	return nil
}

func (b *book) add(arm string, c Counts) {
	sum := b.Arms[arm]
	sum.Add(c)
	b.Arms[arm] = sum
}

func (b *book) apply(tasks []posting, acked []task.ID, now time.Time) {
	for _, p := range tasks {
		if _, twice := b.Open[p.id]; !twice {
			b.Open[p.id] = now.Unix()
			b.add(p.arm.Name, p.counts)
		}
	}
	for _, id := range acked {
		delete(b.Open, id)
	}
	for id, at := range b.Open {
		if now.Sub(time.Unix(at, 0)) > deskOpen {
			delete(b.Open, id)
		}
	}
}
