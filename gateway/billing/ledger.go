package billing

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	ledgerKey    = "ledger"
	ledgerLinger = 2 * time.Second // between two writes of calls that cost nothing
	ledgerKept   = 400 * 24 * time.Hour
)

// totals are what the ledger adds up: the last three days.
type totals struct {
	Days      Expenses                    `json:"days"`
	Campaigns map[string]map[string]int64 `json:"campaigns,omitempty"` // fen of each, by day
}

// spentFor are the expenses of a task that was made for a campaign, or for
// none when campaign is "".
func spentFor(campaign string, e Expenses) totals {
	t := totals{Days: e}
	if campaign != "" {
		for c := range e.each() {
			t.charge(c.Day, campaign, c.SpentFen())
		}
	}
	return t
}

func (t *totals) add(o totals) {
	if t.Days == nil {
		t.Days = make(Expenses)
	}
	t.Days.merge(o.Days)
	for day, campaigns := range o.Campaigns {
		for name, fen := range campaigns {
			t.charge(day, name, fen)
		}
	}
}

func (t *totals) charge(day, campaign string, fen int64) {
	if t.Campaigns == nil {
		t.Campaigns = make(map[string]map[string]int64)
	}
	if t.Campaigns[day] == nil {
		t.Campaigns[day] = make(map[string]int64)
	}
	t.Campaigns[day][campaign] += fen
}

// past reports whether nothing is booked on a day any more.
func past(day string, now time.Time) bool { return day < shanghai.Day(now.Add(-48*time.Hour)) }

func dayKey(day string) string { return "day." + day }

// Ledger writes what tasks cost. A task that cost money waits for that before
// its job is acknowledged. A ledger lasts for one term of the leading
// dispatcher.
type Ledger struct {
	book     *engine.Book[totals]
	store    *Store
	accounts *Accounts
}

// Ledger begins a ledger that keeps accounts up to date.
func (s *Store) Ledger(a *Accounts, log *slog.Logger) *Ledger {
	return &Ledger{store: s, accounts: a, book: engine.NewBook(engine.BookConfig[totals]{
		Bucket: s.bucket, Linger: ledgerLinger, Add: (*totals).add, Trim: s.archive, Logger: log,
		Written: func(_ string, p engine.Page[totals]) { a.show(p) },
	})}
}

// Load reads the ledger into the accounts; a term begins with it.
func (l *Ledger) Load(ctx context.Context) error {
	p, err := engine.ReadPage[totals](ctx, l.store.bucket, ledgerKey)
	if err != nil {
		return fmt.Errorf("load ledger: %w", err)
	}
	l.accounts.show(p)
	return nil
}

// Post books a task's calls and returns when they are on the disk. A task that
// is booked already is not booked again.
func (l *Ledger) Post(ctx context.Context, id task.ID, campaign string, e Expenses) error {
	return l.book.Post(ctx, ledgerKey, string(id), spentFor(campaign, e))
}

// Count books calls that cost nothing, soon. Nobody waits for it.
func (l *Ledger) Count(e Expenses) { l.book.Add(ledgerKey, totals{Days: e}) }

// Close notes that a booked task's job will not come again.
func (l *Ledger) Close(id task.ID) { l.book.Close(ledgerKey, string(id)) }

// Run writes until ctx ends.
func (l *Ledger) Run(ctx context.Context) error { return l.book.Run(ctx) }

// archive gives past days an entry of their own and takes them out of the
// ledger.
func (s *Store) archive(ctx context.Context, t *totals, now time.Time) error {
	for day, sums := range t.Days {
		if !past(day, now) {
			continue
		}
		data, err := sonic.Marshal(sums)
		if err == nil {
			_, err = s.bucket.Put(ctx, dayKey(day), data, engine.AnyRevision, ledgerKept)
		}
		if err != nil {
			return fmt.Errorf("archive %s: %w", day, err)
		}
		delete(t.Days, day)
	}
	maps.DeleteFunc(t.Campaigns, func(day string, _ map[string]int64) bool { return past(day, now) })
	return nil
}
