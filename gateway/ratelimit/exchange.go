package ratelimit

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	exchangeEvery = 500 * time.Millisecond
	sweepEvery    = time.Minute
	lastWords     = time.Second // for what was counted last, when a gateway stops

	// A message is written again with what its names count since, and closed
	// after some time or when it is long. So a busy minute is a few messages
	// to read for who joins.
	segmentOpen = 10 * time.Second
	segmentFull = 16 << 10 // names, a quarter of a megabyte

	bucketBytes = 256 << 20
	bucketAge   = 25 * time.Hour // each message has a shorter life of its own
)

// exchange tells other gateways what this one counts, and hears what they do.
// The bucket is on the engine's disk: whoever starts reads there what was
// counted before.
type exchange struct {
	counts *counters
	held   *held
	bucket *engine.Bucket
	source string // this gateway, since it started
	log    *slog.Logger

	telling  sync.Mutex // owns the next two
	number   uint64     // of the last message
	segments map[uint32]*segment

	sources map[string]*source // only listen has it
}

// source is another gateway.
type source struct {
	index uint32
	heard uint64 // the newest message
}

// segment is the message that is open for one length of windows.
type segment struct {
	index   uint64
	began   time.Time
	records map[name]record
	told    bool
}

func openExchange(ctx context.Context, counts *counters, open *held, d Deps) (*exchange, error) {
	bucket, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: "limits", MaxAge: bucketAge, MaxBytes: bucketBytes})
	if err != nil {
		return nil, fmt.Errorf("open rate limits: %w", err)
	}
	x := &exchange{
		counts: counts, held: open, bucket: bucket, source: d.ID, log: d.Logger,
		segments: make(map[uint32]*segment), sources: make(map[string]*source),
	}
	if err := d.Engine.Insist(ctx, x.learn); err != nil {
		return nil, fmt.Errorf("read rate limits: %w", err)
	}
	return x, nil
}

// learn hears everything that is known, once. It fails when it could not.
func (x *exchange) learn(ctx context.Context) error {
	learning, done := context.WithCancel(ctx)
	defer done()
	var walked bool
	var lost error
	_ = x.listen(learning, func() { walked = true; done() }, func(err error) {
		if lost == nil {
			lost = err
		}
		done()
	})
	switch {
	case walked:
		return nil
	case lost != nil:
		return engine.Classify(lost)
	}
	return ctx.Err()
}

// listen hears other gateways until ctx ends, and through every break of the
// connection: then it hears all again, and skips what it knows. It tells when
// all is heard, and when something may have been missed.
func (x *exchange) listen(ctx context.Context, walked func(), lost func(error)) error {
	return x.bucket.Watch(ctx, ">", engine.Watcher{
		Begin:  func() {},
		Walked: func(func() bool) { walked() },
		Entry: func(_ context.Context, e engine.Entry) error {
			x.hear(e)
			return nil
		},
		Lost: func(err error) {
			x.log.Debug("counts of other gateways are not heard", "err", err)
			lost(err)
		},
	})
}

func (x *exchange) hear(e engine.Entry) {
	from, rest, _ := strings.Cut(e.Key, ".")
	if e.Deleted || from == x.source {
		return
	}
	number, records, err := decode(e.Value)
	if err != nil { // of another release
		x.log.Debug("counts not read", "from", from, "err", err)
		return
	}
	s := x.sources[from]
	if s == nil {
		s = &source{index: uint32(len(x.sources))} //nolint:gosec // gateways that started within a day
		x.sources[from] = s
	}
	if number <= s.heard {
		return
	}
	s.heard = number
	merge := x.counts.merge
	if strings.HasPrefix(rest, heldKey) {
		merge = x.held.merge
	}
	for _, r := range records {
		merge(s.index, r)
	}
}

// run tells and listens until ctx ends.
func (x *exchange) run(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() { _ = x.listen(ctx, func() {}, func(error) {}) })
	parts.Go(func() {
		for range tick.After(ctx, exchangeEvery) {
			x.tell(ctx)
		}
	})
	parts.Go(func() {
		for range tick.After(ctx, sweepEvery) {
			x.counts.sweep()
			x.held.sweep()
		}
	})
	parts.Wait()
}

// tell writes what was counted since the last time: one small message for each
// length of windows, and none where nothing was counted. What cannot be written
// is written later.
func (x *exchange) tell(ctx context.Context) {
	x.telling.Lock()
	defer x.telling.Unlock()
	for window, records := range x.counts.collect() {
		s := x.segments[window]
		if s == nil {
			s = &segment{began: x.counts.now(), records: make(map[name]record)}
			x.segments[window] = s
		}
		s.told = false
		for _, r := range records {
			s.records[r.name] = r
		}
	}
	for window, s := range x.segments {
		if err := x.write(ctx, window, s); err != nil {
			x.log.Debug("counts not told", "err", err)
			return
		}
	}
	if err := x.tellHeld(ctx); err != nil {
		x.held.again()
		x.log.Debug("open streams not told", "err", err)
	}
}

func (x *exchange) tellHeld(ctx context.Context) error {
	for part := range slices.Chunk(x.held.collect(), segmentFull) {
		x.number++
		key := x.source + "." + heldKey + strconv.FormatUint(x.number, 10)
		if _, err := x.bucket.Put(ctx, key, encode(x.number, x.counts.now().UnixNano(), part), engine.AnyRevision, heldFor); err != nil {
			return fmt.Errorf("tell open streams: %w", err)
		}
	}
	return nil
}

func (x *exchange) write(ctx context.Context, window uint32, s *segment) error {
	now := x.counts.now()
	if !s.told {
		for _, part := range s.parts(now.UnixNano()) {
			x.number++
			key := x.source + "." + strconv.FormatUint(uint64(window), 10) + "." + strconv.FormatUint(s.index, 10)
			if _, err := x.bucket.Put(ctx, key, encode(x.number, now.UnixNano(), part), engine.AnyRevision, time.Duration(window)*time.Second); err != nil {
				return fmt.Errorf("tell counts: %w", err)
			}
			if len(part) == segmentFull {
				s.index++
			}
		}
		s.told = true
	}
	if len(s.records) >= segmentFull || now.Sub(s.began) >= segmentOpen {
		*s = segment{index: s.index + 1, began: now, records: make(map[name]record), told: true}
	}
	return nil
}

// parts divides what a segment holds, without what is over, into messages.
func (s *segment) parts(now int64) (parts [][]record) {
	part := make([]record, 0, min(len(s.records), segmentFull))
	for n, r := range s.records {
		if now >= r.until {
			delete(s.records, n)
			continue
		}
		if part = append(part, r); len(part) == segmentFull {
			parts, part = append(parts, part), make([]record, 0, segmentFull)
		}
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// close tells what was counted last.
func (x *exchange) close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	x.tell(ctx)
}
