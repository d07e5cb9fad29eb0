package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/engine"
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

// Sums are what the calls to one model of a provider from one region came to
// on a day.
type Sums struct {
	Attempts    int64 `json:"attempts"`
	OK          int64 `json:"ok"`
	Failed      int64 `json:"failed"`  // and not billed
	Unknown     int64 `json:"unknown"` // may have been billed
	Hedges      int64 `json:"hedges"`
	ChargedFen  int64 `json:"chargedFen"`
	UnknownFen  int64 `json:"unknownFen"`
	ReturnedFen int64 `json:"returnedFen"` // set aside and given back
}

func (s Sums) spent() int64 { return s.ChargedFen + s.UnknownFen }

func (s *Sums) add(o Sums) {
	s.Attempts += o.Attempts
	s.OK += o.OK
	s.Failed += o.Failed
	s.Unknown += o.Unknown
	s.Hedges += o.Hedges
	s.ChargedFen += o.ChargedFen
	s.UnknownFen += o.UnknownFen
	s.ReturnedFen += o.ReturnedFen
}

// origin is where a call came from and which model was to draw. It is written
// as one key: a ledger from before models were noted has the region alone, and
// a gateway of the release before reads ours as a region, so that while
// releases are mixed no money is forgotten.
type origin struct{ region, model string }

const originMark = "\n" // between region and model

// MarshalText implements encoding.TextMarshaler.
func (o origin) MarshalText() ([]byte, error) {
	if o.model == "" {
		return []byte(o.region), nil
	}
	return []byte(o.region + originMark + o.model), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *origin) UnmarshalText(text []byte) error {
	o.region, o.model, _ = strings.Cut(string(text), originMark)
	return nil
}

// payments are the sums of a day by provider and origin.
type payments map[string]map[origin]Sums

// days are payments by day.
type days map[string]payments

func (d days) add(day, provider string, o origin, s Sums) {
	if d[day] == nil {
		d[day] = make(payments)
	}
	if d[day][provider] == nil {
		d[day][provider] = make(map[origin]Sums)
	}
	sums := d[day][provider][o]
	sums.add(s)
	d[day][provider][o] = sums
}

func (d days) merge(more days) {
	for day, providers := range more {
		for provider, origins := range providers {
			for o, s := range origins {
				d.add(day, provider, o, s)
			}
		}
	}
}

// book is the ledger as it is written: one entry, so that a task's calls are
// booked together. Open are the tasks booked whose jobs may come again; they
// are not booked twice.
type book struct {
	Days days              `json:"days"`
	Open map[task.ID]int64 `json:"open"` // unix seconds

	Campaigns map[string]map[string]int64 `json:"campaigns,omitempty"` // fen of each, by day
}

func readBook(data []byte) (b book, err error) {
	if data != nil {
		err = sonic.Unmarshal(data, &b)
	}
	if b.Days == nil {
		b.Days = make(days)
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
	days     days
	campaign string // that they were made for, "" for none
	done     chan error
}

// ledger writes what tasks cost, in batches: a batch is one write, and a task
// that cost money waits for it before its job is given up.
type ledger struct {
	bucket *engine.Bucket
	spend  *spend
	in     chan posting
	acked  chan task.ID
}

func newLedger(b *engine.Bucket, s *spend) *ledger {
	return &ledger{bucket: b, spend: s, in: make(chan posting, ledgerBatch), acked: make(chan task.ID, 4*ledgerBatch)}
}

// load reads the book; a term begins with it.
func (g *ledger) load(ctx context.Context) error {
	_, err := g.bucket.Update(ctx, ledgerKey, func(old []byte) ([]byte, time.Duration, error) {
		b, err := readBook(old)
		if err == nil {
			g.show(b)
		}
		return nil, 0, err
	})
	if err != nil {
		return fmt.Errorf("load ledger: %w", err)
	}
	return nil
}

func (g *ledger) show(b book) {
	g.spend.mu.Lock()
	defer g.spend.mu.Unlock()
	g.spend.book = b
}

// post books a task's calls and returns when they are on the disk.
func (g *ledger) post(ctx context.Context, p posting) error {
	p.done = make(chan error, 1)
	select {
	case g.in <- p:
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

// close notes that a booked task's job will not come again.
func (g *ledger) close(id task.ID) {
	select {
	case g.acked <- id:
	default: // it leaves by its age
	}
}

// run writes until ctx ends.
func (g *ledger) run(ctx context.Context, free func() days) {
	tick := time.NewTicker(ledgerFree)
	defer tick.Stop()
	for {
		var batch []posting
		select {
		case <-ctx.Done():
			return
		case p := <-g.in:
			batch = append(batch, p)
		case <-tick.C:
			if d := free(); len(d) > 0 || len(g.acked) > 0 { // the last tasks before a quiet hour leave the book, too
				batch = append(batch, posting{days: d, done: make(chan error, 1)})
			} else {
				continue
			}
		}
		for len(batch) < ledgerBatch && len(g.in) > 0 {
			batch = append(batch, <-g.in)
		}
		err := g.write(ctx, batch)
		for _, p := range batch {
			p.done <- err
		}
		_ = sleep(ctx, ledgerGap)
	}
}

// write applies a batch to the newest book, whoever wrote that.
func (g *ledger) write(ctx context.Context, batch []posting) error {
	acked := make([]task.ID, 0, len(g.acked))
	for range cap(acked) {
		acked = append(acked, <-g.acked)
	}
	if err := g.archive(ctx); err != nil {
		return err
	}
	var next book
	_, err := g.bucket.Update(ctx, ledgerKey, func(old []byte) ([]byte, time.Duration, error) {
		b, err := readBook(old)
		if err != nil {
			return nil, 0, err
		}
		next = b
		next.apply(batch, acked, time.Now())
		data, err := sonic.Marshal(next)
		return data, 0, err
	})
	if err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	g.show(next)
	return nil
}

func (b *book) apply(batch []posting, acked []task.ID, now time.Time) {
	for _, p := range batch {
		if _, twice := b.Open[p.id]; twice {
			continue
		}
		if p.id != "" {
			b.Open[p.id] = now.Unix()
		}
		b.Days.merge(p.days)
		b.charge(p)
	}
	for _, id := range acked {
		delete(b.Open, id)
	}
	for id, at := range b.Open {
		if now.Sub(time.Unix(at, 0)) > ledgerOpen {
			delete(b.Open, id)
		}
	}
	for day := range b.Days {
		if past(day, now) {
			delete(b.Days, day)
		}
	}
	maps.DeleteFunc(b.Campaigns, func(day string, _ map[string]int64) bool { return past(day, now) })
}

// charge counts a task's calls for its campaign.
func (b *book) charge(p posting) {
	if p.campaign == "" {
		return
	}
	for day, providers := range p.days {
		for _, origins := range providers {
			for _, s := range origins {
				if b.Campaigns[day] == nil {
					b.Campaigns[day] = make(map[string]int64)
				}
				b.Campaigns[day][p.campaign] += s.spent()
			}
		}
	}
}

// past reports whether nothing is booked on a day any more.
func past(day string, now time.Time) bool { return day < dayOf(now.Add(-48*time.Hour)) }

func dayKey(day string) string { return "day." + day }

// archive gives days that are past an entry of their own, before they leave
// the book.
func (g *ledger) archive(ctx context.Context) error {
	now := time.Now()
	g.spend.mu.Lock()
	shown := g.spend.book.Days
	g.spend.mu.Unlock()
	for day, sums := range shown {
		if !past(day, now) {
			continue
		}
		data, err := sonic.Marshal(sums)
		if err == nil {
			_, err = g.bucket.Put(ctx, dayKey(day), data, engine.AnyRevision, ledgerKept)
		}
		if err != nil {
			return fmt.Errorf("archive ledger: %w", err)
		}
	}
	return nil
}

// Cost is a line of the report.
type Cost struct {
	Day      string `json:"day"` // yyyymmdd, in Shanghai
	Provider string `json:"provider"`
	Model    string `json:"model,omitempty"` // "" where none was noted
	Region   string `json:"region,omitempty"`
	Sums
}

// Costs reports the last days from the ledger, on any gateway: the newest day
// first. Calls that are under way are not in it.
func (d *Dispatcher) Costs(ctx context.Context, last int) ([]Cost, error) {
	entries := make(days)
	for e, err := range d.spending.Entries(ctx, dayKey("*")) {
		if err != nil {
			return nil, err
		}
		var sums payments
		if err := sonic.Unmarshal(e.Value, &sums); err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		entries[e.Key[len(dayKey("")):]] = sums
	}
	_, err := d.spending.Update(ctx, ledgerKey, func(old []byte) ([]byte, time.Duration, error) {
		b, err := readBook(old)
		maps.Copy(entries, b.Days)
		return nil, 0, err
	})
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	return entries.lines(dayOf(time.Now().AddDate(0, 0, 1-last))), nil
}

// lines lists the days from one on, the newest first.
func (d days) lines(from string) []Cost {
	out := []Cost{}
	for day, providers := range d {
		for provider, origins := range providers {
			for o, s := range origins {
				if day >= from {
					out = append(out, Cost{Day: day, Provider: provider, Model: o.model, Region: o.region, Sums: s})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Cost) int {
		return cmp.Or(strings.Compare(b.Day, a.Day), strings.Compare(a.Provider, b.Provider),
			strings.Compare(a.Model, b.Model), strings.Compare(a.Region, b.Region))
	})
	return out
}
