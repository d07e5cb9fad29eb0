package quota

import (
	"context"
	"fmt"
	"hash/maphash"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

const (
	accountsKept  = 24 * time.Hour // without a change; then its day is over
	accountsBytes = 256 << 20
	cachedMost    = 1 << 16 // accounts in the memory of one gateway
	stripes       = 256

	// graceReserved is how long a reservation may be without its task: the
	// accept that made it is still under way.
	graceReserved = 30 * time.Second

	// A refusal first looks for stale reservations: always when an account
	// has few, else at most this often.
	fewActive  = 16
	checkEvery = 5 * time.Second

	// newFor is how long a new session is believed to have no tasks.
	newFor = 5 * time.Minute

	// activeRetry is when one of the active tasks has probably ended.
	activeRetry = 5 * time.Second
)

// Usage is where a session stands today.
type Usage struct {
	Daily       int64 // what today allows, grants included; 0: no limit
	Used        int64
	Active      int64
	ActiveLimit int64     // 0: no limit
	ResetsAt    time.Time // midnight in Shanghai
}

// tasks is what gateway/queue knows of a session.
type tasks interface {
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
}

// Deps are what Accounts works with.
type Deps struct {
	Engine   *engine.Engine
	Tasks    tasks
	Limits   func() policy.Limits
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Accounts counts tasks per session and Shanghai day, exactly, over all
// gateways: every change is a compare-and-swap on the session's account. The
// accounts are a projection in the engine's memory. A lost one is computed
// again from the session's tasks, so no accept waits for a disk here.
type Accounts struct {
	engine   *engine.Engine
	accounts *engine.Bucket
	grants   *engine.Bucket
	tasks    tasks
	limits   func() policy.Limits
	now      func() time.Time
	cache    *otter.Cache[task.SessionID, stored]
	locks    [stripes]chan struct{} // by session, so that one gateway does not race with itself
	seed     maphash.Seed
	unseen   atomic.Int64 // unix nanoseconds of the last task that was not counted, because no limit was set

	rebuilt prometheus.Counter
	refused *prometheus.CounterVec
}

// Open prepares the accounts.
func Open(ctx context.Context, d Deps) (*Accounts, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	f := telemetry.For(d.Registry, "quota")
	a := &Accounts{
		engine: d.Engine, tasks: d.Tasks, limits: d.Limits, now: d.Now, seed: maphash.MakeSeed(),
		cache:   otter.Must(&otter.Options[task.SessionID, stored]{MaximumSize: cachedMost}),
		rebuilt: f.Counter("rebuilds", "Accounts computed again from a session's tasks."),
		refused: f.Counters("refused", "Tasks refused by a session's quota, by code.", "code"),
	}
	for i := range a.locks {
		a.locks[i] = make(chan struct{}, 1)
	}
	var err error
	a.accounts, err = d.Engine.Bucket(ctx, engine.BucketConfig{Name: "ledger", Memory: true, MaxAge: accountsKept, MaxBytes: accountsBytes})
	if err != nil {
		return nil, fmt.Errorf("open quota: %w", err)
	}
	if a.grants, err = d.Engine.Bucket(ctx, engine.BucketConfig{Name: "grants"}); err != nil {
		return nil, fmt.Errorf("open quota: %w", err)
	}
	return a, nil
}

// Begin says that a session is new. It has no tasks, so its first one need not
// look for them.
func (a *Accounts) Begin(id task.SessionID) {
	a.cache.Set(id, stored{account: newAccount(a.now()), reconnects: a.engine.Reconnects()})
}

// Of says where a session stands, over all gateways.
func (a *Accounts) Of(ctx context.Context, id task.SessionID) (Usage, error) {
	unlock, err := a.lock(ctx, id)
	if err != nil {
		return Usage{}, err
	}
	defer unlock()
	s, _, err := a.read(ctx, id)
	if err != nil {
		return Usage{}, fmt.Errorf("read quota: %w", err)
	}
	return a.usage(s.account), nil
}

// Reserve counts a task as active and used. It refuses one too many with
// fault.QuotaExceeded until midnight, or with fault.TooManyActive for a
// moment. A task is counted once, however often it is reserved.
func (a *Accounts) Reserve(ctx context.Context, id task.SessionID, t task.ID) error {
	if a.off() {
		return nil
	}
	unlock, err := a.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	return a.change(ctx, id, a.read, func(ctx context.Context, acc *account) (bool, error) {
		now := a.now()
		acc.roll(now)
		if acc.knows(t) {
			return false, nil
		}
		refusal, changed := a.refuse(*acc), false
		if refusal != nil && acc.mayCheck(now) {
			var err error
			if changed, err = a.check(ctx, id, acc); err != nil {
				return false, err
			}
			refusal = a.refuse(*acc)
		}
		if refusal != nil {
			a.refused.WithLabelValues(string(fault.CodeOf(refusal))).Inc()
			return changed, refusal
		}
		acc.reserve(t, now)
		return true, nil
	})
}

// Finish ends a reservation: the task is no longer active, and unless it is
// charged it no longer counts as used. A task that is not reserved, or was
// finished before, changes nothing.
func (a *Accounts) Finish(ctx context.Context, id task.SessionID, t task.ID, charged bool) error {
	if a.off() {
		return nil
	}
	unlock, err := a.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	return a.change(ctx, id, a.fetch, func(_ context.Context, acc *account) (bool, error) {
		acc.roll(a.now())
		return acc.finish(t, charged), nil
	})
}

// Erase removes what is known of a session. Only the external ids of its
// grants stay, and stay used.
func (a *Accounts) Erase(ctx context.Context, id task.SessionID) error {
	unlock, err := a.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	a.cache.Invalidate(id)
	keys, err := a.grants.Keys(ctx, grantsOf(id))
	if err != nil {
		return fmt.Errorf("erase quota: %w", err)
	}
	for _, key := range keys {
		if err := a.grants.Delete(ctx, key, engine.AnyRevision); err != nil {
			return fmt.Errorf("erase quota: %w", err)
		}
	}
	if err := a.accounts.Delete(ctx, accountKey(id), engine.AnyRevision); err != nil {
		return fmt.Errorf("erase quota: %w", err)
	}
	return nil
}

// off reports that no limit is set, and remembers that a task was not counted.
func (a *Accounts) off() bool {
	limits := a.limits()
	off := limits.SessionDaily == 0 && limits.SessionActive == 0
	if off {
		a.unseen.Store(a.now().UnixNano())
	}
	return off
}

// lock waits no longer than its caller does: who is before it may wait for the
// engine.
func (a *Accounts) lock(ctx context.Context, id task.SessionID) (unlock func(), err error) {
	l := a.locks[maphash.String(a.seed, string(id))%stripes]
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, engine.Classify(ctx.Err())
	}
}

func (a *Accounts) usage(acc account) Usage {
	now, limits := a.now(), a.limits()
	acc.roll(now)
	u := Usage{Daily: limits.SessionDaily, Used: acc.used(), Active: int64(len(acc.Active)), ActiveLimit: limits.SessionActive, ResetsAt: shanghai.NextMidnight(now)}
	if u.Daily > 0 {
		u.Daily += acc.Granted
	}
	return u
}

// refuse says why one more task is too many, or nil.
func (a *Accounts) refuse(acc account) error {
	u := a.usage(acc)
	switch {
	case u.Daily > 0 && u.Used >= u.Daily:
		f := fault.New(fault.QuotaExceeded).After(u.ResetsAt.Sub(a.now())).
			With("used", strconv.FormatInt(u.Used, 10)).With("daily", strconv.FormatInt(u.Daily, 10))
		f.ResetsAt = u.ResetsAt
		return f
	case u.ActiveLimit > 0 && u.Active >= u.ActiveLimit:
		return fault.New(fault.TooManyActive).After(activeRetry).
			With("active", strconv.FormatInt(u.Active, 10)).With("limit", strconv.FormatInt(u.ActiveLimit, 10))
	}
	return nil
}
