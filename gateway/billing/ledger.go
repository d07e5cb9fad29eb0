package billing

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	ledgerKey   = "ledger"
	ledgerGap   = 20 * time.Millisecond // between two writes, however many tasks end
	ledgerFree  = 2 * time.Second       // between two writes of calls that cost nothing
	ledgerOpen  = time.Hour             // a job that was not leased again by then was acknowledged
	ledgerKept  = 400 * 24 * time.Hour
	ledgerBatch = 512
)

// book is the ledger as it is written: one entry, so that a task's calls are
// booked together. Open are the tasks booked whose jobs may come again; they
// are not booked twice.
type book struct {
	Days Expenses          `json:"days"`
	Open map[task.ID]int64 `json:"open"` // unix seconds

	Campaigns map[string]map[string]int64 `json:"campaigns,omitempty"` // fen of each, by day
}

func readBook(data []byte) (b book, err error) {
	if data != nil {
		err = sonic.Unmarshal(data, &b)
	}
	if b.Days == nil {
		b.Days = make(Expenses)
	}
	if b.Open == nil {
		b.Open = make(map[task.ID]int64)
	}
	if b.Campaigns == nil {
		b.Campaigns = make(map[string]map[string]int64)
	}
	return b, err
}

// posting is one task's calls on the way into the ledger.
type posting struct {
	id       task.ID // "" for calls that cost nothing: those nobody waits for
	expenses Expenses
	campaign string // that they were made for, "" for none
	done     chan error
}

// Ledger writes what tasks cost, in batches. A batch is one write. A task that
// cost money waits for it before its job is acknowledged. A ledger lasts for
// one term of the leading dispatcher.
type Ledger struct {
	store    *Store
	accounts *Accounts
	in       chan posting
	closed   chan task.ID

	mu   sync.Mutex
	free Expenses // of calls that cost nothing, not written yet
}

// Ledger begins a ledger that keeps accounts up to date.
func (s *Store) Ledger(a *Accounts) *Ledger {
	return &Ledger{
		store: s, accounts: a, in: make(chan posting, ledgerBatch), closed: make(chan task.ID, 4*ledgerBatch), free: make(Expenses),
	}
}

// Load reads the ledger into the accounts; a term begins with it.
func (l *Ledger) Load(ctx context.Context) error {
	b, err := l.store.read(ctx)
	if err == nil {
		l.accounts.show(b)
	}
	return err
}

// Post books a task's calls and returns when they are on the disk. A task that
// is booked already is not booked again.
func (l *Ledger) Post(ctx context.Context, id task.ID, campaign string, e Expenses) error {
	p := posting{id: id, expenses: e, campaign: campaign, done: make(chan error, 1)}
	select {
	case l.in <- p:
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

// Count books calls that cost nothing, soon. Nobody waits for it.
func (l *Ledger) Count(e Expenses) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free.merge(e)
}

func (l *Ledger) takeFree() Expenses {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.free
	l.free = make(Expenses)
	return e
}

// Close notes that a booked task's job will not come again.
func (l *Ledger) Close(id task.ID) {
	select {
	case l.closed <- id:
	default: // it leaves by its age
	}
}

// Run writes until ctx ends.
func (l *Ledger) Run(ctx context.Context) {
	tick := time.NewTicker(ledgerFree)
	defer tick.Stop()
	for {
		var batch []posting
		select {
		case <-ctx.Done():
			return
		case p := <-l.in:
			batch = append(batch, p)
		case <-tick.C:
			e := l.takeFree()
			if len(e) == 0 && len(l.closed) == 0 { // the last tasks before a quiet hour leave the book, too
				continue
			}
			batch = append(batch, posting{expenses: e, done: make(chan error, 1)})
		}
		for len(batch) < ledgerBatch && len(l.in) > 0 {
			batch = append(batch, <-l.in)
		}
		err := l.write(ctx, batch)
		for _, p := range batch {
			p.done <- err
		}
		select {
		case <-ctx.Done():
		case <-time.After(ledgerGap):
		}
	}
}

// write applies a batch to the newest book, whoever wrote that.
func (l *Ledger) write(ctx context.Context, batch []posting) error {
	closed := make([]task.ID, 0, len(l.closed))
	for range cap(closed) {
		closed = append(closed, <-l.closed)
	}
	if err := l.archive(ctx, time.Now()); err != nil {
		return err
	}
	var next book
	_, err := l.store.bucket.Update(ctx, ledgerKey, func(old []byte) (_ []byte, _ time.Duration, err error) {
		if next, err = readBook(old); err != nil {
			return nil, 0, err
		}
		next.apply(batch, closed, time.Now())
		data, err := sonic.Marshal(next)
		return data, 0, err
	})
	if err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	l.accounts.show(next)
	return nil
}

func (b *book) apply(batch []posting, closed []task.ID, now time.Time) {
	for _, p := range batch {
		if _, twice := b.Open[p.id]; twice {
			continue
		}
		if p.id != "" {
			b.Open[p.id] = now.Unix()
		}
		b.Days.merge(p.expenses)
		b.charge(p)
	}
	for _, id := range closed {
		delete(b.Open, id)
	}
	maps.DeleteFunc(b.Open, func(_ task.ID, at int64) bool { return now.Sub(time.Unix(at, 0)) > ledgerOpen })
	maps.DeleteFunc(b.Days, func(day string, _ payments) bool { return past(day, now) })
	maps.DeleteFunc(b.Campaigns, func(day string, _ map[string]int64) bool { return past(day, now) })
}

// charge counts a task's calls for its campaign.
func (b *book) charge(p posting) {
	if p.campaign == "" {
		return
	}
	for c := range p.expenses.each() {
		if b.Campaigns[c.Day] == nil {
			b.Campaigns[c.Day] = make(map[string]int64)
		}
		b.Campaigns[c.Day][p.campaign] += c.SpentFen()
	}
}

// past reports whether nothing is booked on a day any more.
func past(day string, now time.Time) bool { return day < shanghai.Day(now.Add(-48*time.Hour)) }

func dayKey(day string) string { return "day." + day }

// archive gives past days an entry of their own, before they leave the book.
func (l *Ledger) archive(ctx context.Context, now time.Time) error {
	for day, sums := range l.accounts.shown() {
		if !past(day, now) {
			continue
		}
		data, err := sonic.Marshal(sums)
		if err == nil {
			_, err = l.store.bucket.Put(ctx, dayKey(day), data, engine.AnyRevision, ledgerKept)
		}
		if err != nil {
			return fmt.Errorf("archive ledger: %w", err)
		}
	}
	return nil
}
