package session

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	ledgerKept  = 24 * time.Hour // without a change; then its day is over
	ledgerBytes = 256 << 20
	booksKept   = 1 << 16 // sessions remembered by one gateway
	stripes     = 256

	// graceReserved is how long a reservation may be without its task: the
	// accept that made it is still under way.
	graceReserved = 30 * time.Second

	// A refusal looks for stale reservations first: every time when they are
	// few, else this often.
	fewActive  = 16
	checkEvery = 5 * time.Second

	// bornFor is how long a new session is believed to have no tasks.
	bornFor = 5 * time.Minute
)

// Quota is where a session stands today.
type Quota struct {
	Daily       int64 // what today allows, grants included; 0: no limit
	Used        int64
	Active      int64
	ActiveLimit int64     // 0: no limit
	ResetsAt    time.Time // midnight in Shanghai
}

// tasks is what gateway/queue knows of a session: the truth behind the ledger.
type tasks interface {
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
}

// LedgerDeps are what the ledger works with.
type LedgerDeps struct {
	Engine   *engine.Engine
	Tasks    tasks
	Limits   func() policy.Limits
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Ledger counts tasks per session and Shanghai day, exactly, over all
// gateways: every change is a compare-and-swap on the session's account. The
// accounts are a projection in memory: a lost one is computed again from the
// session's tasks, so the accept path never waits for a disk here.
type Ledger struct {
	engine   *engine.Engine
	accounts *engine.Bucket
	grants   *engine.Bucket
	tasks    tasks
	limits   func() policy.Limits
	log      *slog.Logger
	now      func() time.Time
	books    *otter.Cache[ID, book]
	locks    [stripes]sync.Mutex // so that one gateway does not race with itself
	seed     maphash.Seed
	links    atomic.Uint64 // connections to the engine so far; a new one makes the books worthless
	unseen   atomic.Int64  // unix nanoseconds of the last task that no limit asked to count

	rebuilt prometheus.Counter
	refused *prometheus.CounterVec
}

// book is an account as last seen, and where it stands in the bucket.
type book struct {
	account  account
	revision uint64
}

// OpenLedger prepares the ledger.
func OpenLedger(ctx context.Context, d LedgerDeps) (*Ledger, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	f := promauto.With(d.Registry)
	l := &Ledger{
		engine: d.Engine, tasks: d.Tasks, limits: d.Limits, log: d.Logger, now: d.Now, seed: maphash.MakeSeed(),
		books:   otter.Must(&otter.Options[ID, book]{MaximumSize: booksKept}),
		rebuilt: f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_session_ledger_rebuilds_total", Help: "Accounts computed again from a session's tasks."}),
		refused: f.NewCounterVec(prometheus.CounterOpts{Name: "imgfleet_session_refused_total", Help: "Tasks refused by the ledger, by code."}, []string{"code"}),
	}
	var err error
	l.accounts, err = d.Engine.Bucket(ctx, engine.BucketConfig{Name: "ledger", Memory: true, MaxAge: ledgerKept, MaxBytes: ledgerBytes})
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if l.grants, err = d.Engine.Bucket(ctx, engine.BucketConfig{Name: "grants"}); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

// Born says that a session is new: it has no tasks, so its first one need not
// look for them.
func (l *Ledger) Born(id ID) { l.books.Set(id, book{account: newAccount(l.now())}) }

// Quota tells where a session stands, over all gateways.
func (l *Ledger) Quota(ctx context.Context, id ID) (Quota, error) {
	unlock := l.lock(id)
	defer unlock()
	b, err := l.read(ctx, id)
	if err != nil {
		return Quota{}, fmt.Errorf("read quota: %w", err)
	}
	return l.quota(b.account), nil
}

// Reserve counts a task as active and used, or refuses: fault.Limited
// "quota_exceeded" until midnight, or "too_many_active" for a moment. The
// same task is counted once, however often it is reserved.
func (l *Ledger) Reserve(ctx context.Context, id ID, t task.ID) error {
	if l.off() {
		return nil
	}
	unlock := l.lock(id)
	defer unlock()
	return l.change(ctx, id, func(ctx context.Context, a *account) (bool, error) {
		now := l.now()
		a.roll(now)
		if a.knows(t) {
			return false, nil
		}
		refusal := l.refuse(*a)
		if refusal == nil {
			a.reserve(t, now)
			return true, nil
		}
		if !a.mayCheck(now) {
			return false, refusal
		}
		changed, err := l.check(ctx, id, a)
		if err != nil {
			return false, err
		}
		if refusal := l.refuse(*a); refusal != nil {
			return changed, refusal
		}
		a.reserve(t, now)
		return true, nil
	})
}

// Finish ends a reservation: the task is no longer active, and is given back
// unless it is charged. What is not reserved, or was finished before, stays
// as it is.
func (l *Ledger) Finish(ctx context.Context, id ID, t task.ID, charged bool) error {
	if l.off() {
		return nil
	}
	unlock := l.lock(id)
	defer unlock()
	return l.changeKnown(ctx, id, func(_ context.Context, a *account) (bool, error) {
		a.roll(l.now())
		return a.finish(t, charged), nil
	})
}

// Forget removes all that the ledger knows of a session but the external ids
// of its grants, which stay used.
func (l *Ledger) Forget(ctx context.Context, id ID) error {
	unlock := l.lock(id)
	defer unlock()
	l.books.Invalidate(id)
	keys, err := l.grants.Keys(ctx, grantsOf(id))
	if err != nil {
		return fmt.Errorf("forget session: %w", err)
	}
	for _, key := range keys {
		if err := l.grants.Delete(ctx, key, engine.AnyRevision); err != nil {
			return fmt.Errorf("forget session: %w", err)
		}
	}
	if err := l.accounts.Delete(ctx, accountKey(id), engine.AnyRevision); err != nil {
		return fmt.Errorf("forget session: %w", err)
	}
	return nil
}

// off says that no limit asks for counting, and remembers that tasks go by
// uncounted.
func (l *Ledger) off() bool {
	limits := l.limits()
	off := limits.SessionDaily == 0 && limits.SessionActive == 0
	if off {
		l.unseen.Store(l.now().UnixNano())
	}
	return off
}

func (l *Ledger) lock(id ID) (unlock func()) {
	m := &l.locks[maphash.String(l.seed, string(id))%stripes]
	m.Lock()
	return m.Unlock
}

func (l *Ledger) quota(a account) Quota {
	now, limits := l.now(), l.limits()
	a.roll(now)
	q := Quota{Daily: limits.SessionDaily, Used: a.used(), Active: int64(len(a.Active)), ActiveLimit: limits.SessionActive, ResetsAt: midnightAfter(now)}
	if q.Daily > 0 {
		q.Daily += a.Granted
	}
	return q
}

// refuse says why one more task is too many, or nil.
func (l *Ledger) refuse(a account) error {
	q := l.quota(a)
	switch {
	case q.Daily > 0 && q.Used >= q.Daily:
		l.refused.WithLabelValues("quota_exceeded").Inc()
		f := fault.New(fault.Limited, "quota_exceeded").After(q.ResetsAt.Sub(l.now())).
			With("used", strconv.FormatInt(q.Used, 10)).With("daily", strconv.FormatInt(q.Daily, 10))
		f.ResetsAt = q.ResetsAt
		return f
	case q.ActiveLimit > 0 && q.Active >= q.ActiveLimit:
		l.refused.WithLabelValues("too_many_active").Inc()
		return fault.New(fault.Limited, "too_many_active").After(activeRetry).
			With("active", strconv.FormatInt(q.Active, 10)).With("limit", strconv.FormatInt(q.ActiveLimit, 10))
	}
	return nil
}

// activeRetry is when a place among the active tasks is probably free again.
const activeRetry = 5 * time.Second
