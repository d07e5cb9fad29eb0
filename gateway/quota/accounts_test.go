package quota

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// fakeTasks is the queue's memory of tasks.
type fakeTasks struct {
	mu      sync.Mutex
	records map[task.ID]*task.Record
	reads   atomic.Int64
}

func (f *fakeTasks) Tasks(context.Context, task.SessionID) ([]task.ID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads.Add(1)
	return slices.Collect(maps.Keys(f.records)), nil
}

func (f *fakeTasks) Lookup(_ context.Context, _ task.SessionID, id task.ID) (*task.Record, uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads.Add(1)
	if r := f.records[id]; r != nil {
		return r, 1, nil
	}
	return nil, 0, fault.New(fault.NothingHere)
}

func (f *fakeTasks) set(r *task.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records[r.ID] = r
}

// clock is a time that tests move.
type clock struct{ nanos atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }
func (c *clock) set(t time.Time)         { c.nanos.Store(t.UnixNano()) }

func at(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func wantCode(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("err = %v, want %v %s", err, kind, code)
	}
}

func openEngine(t testing.TB, c engine.Config) *engine.Engine {
	t.Helper()
	c.Replicas, c.Interval = 1, time.Minute
	e, err := engine.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

type fixture struct {
	*Accounts
	engine *engine.Engine
	tasks  *fakeTasks
	clock  *clock
	limits atomic.Pointer[policy.Limits]
	id     task.SessionID
}

func openFixture(t testing.TB, l policy.Limits) *fixture {
	t.Helper()
	return fixtureOn(t, openEngine(t, engine.Config{Dir: t.TempDir()}), l)
}

func fixtureOn(t testing.TB, e *engine.Engine, l policy.Limits) *fixture {
	t.Helper()
	b := &fixture{engine: e, tasks: &fakeTasks{records: map[task.ID]*task.Record{}}, clock: new(clock), id: task.SessionID(task.NewID())}
	b.limits.Store(&l)
	b.clock.set(at(t, "2026-03-01T04:00:00Z")) // noon in Shanghai
	b.Accounts = b.gateway(t)
	return b
}

func (b *fixture) gateway(t testing.TB) *Accounts {
	t.Helper()
	a, err := Open(t.Context(), Deps{
		Engine: b.engine, Tasks: b.tasks, Limits: func() policy.Limits { return *b.limits.Load() }, Now: b.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (b *fixture) accept(t testing.TB) task.ID {
	t.Helper()
	id := task.ID(task.NewID())
	if err := b.Reserve(t.Context(), b.id, id); err != nil {
		t.Fatalf("reserve: %v", err)
	}
	b.tasks.set(&task.Record{ID: id, Session: b.id, State: task.Queued, CreatedAt: b.clock.Now()})
	return id
}

func (b *fixture) end(t testing.TB, id task.ID, s task.State, attempts int) {
	t.Helper()
	r := &task.Record{ID: id, Session: b.id, State: s, CreatedAt: b.clock.Now(), Attempts: make([]task.Attempt, attempts)}
	b.tasks.set(r)
	if err := b.Finish(t.Context(), b.id, id, r.Counts()); err != nil {
		t.Fatal(err)
	}
}

func (b *fixture) want(t testing.TB, used, active int64) {
	t.Helper()
	q, err := b.Of(t.Context(), b.id)
	if err != nil || q.Used != used || q.Active != active {
		t.Errorf("quota = %+v, err = %v, want used %d active %d", q, err, used, active)
	}
}

func TestQuotaCountsWhatSucceeds(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 20, SessionActive: 10})
	ids := []task.ID{b.accept(t), b.accept(t), b.accept(t), b.accept(t), b.accept(t)}
	b.want(t, 5, 5)
	b.end(t, ids[0], task.Succeeded, 1)
	b.end(t, ids[1], task.Failed, 1)
	b.end(t, ids[2], task.Expired, 1)
	b.end(t, ids[3], task.Canceled, 0)
	b.want(t, 2, 1)
	b.end(t, ids[4], task.Canceled, 1)
	b.want(t, 2, 0)
	b.end(t, ids[0], task.Succeeded, 1) // told again
	b.end(t, ids[1], task.Failed, 1)
	b.want(t, 2, 0)
}

func TestTheFourthTaskOfThreeIsRefusedUntilMidnight(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 3})
	for range 3 {
		b.end(t, b.accept(t), task.Succeeded, 1)
	}
	err := b.Reserve(t.Context(), b.id, "fourth")
	wantCode(t, err, fault.Limited, "quota_exceeded")
	f := fault.As(err)
	if f.RetryAfter != 12*time.Hour || !f.ResetsAt.Equal(at(t, "2026-03-01T16:00:00Z")) || f.Params["used"] != "3" || f.Params["daily"] != "3" {
		t.Errorf("fault = %+v", f)
	}
	b.clock.advance(12*time.Hour - time.Second)
	wantCode(t, b.Reserve(t.Context(), b.id, "fourth"), fault.Limited, "quota_exceeded")
	b.clock.advance(time.Second)
	if err := b.Reserve(t.Context(), b.id, "fourth"); err != nil {
		t.Errorf("after midnight: %v", err)
	}
	b.want(t, 1, 1)
}

func TestTooManyActiveTasksWait(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionActive: 2})
	first := b.accept(t)
	b.accept(t)
	err := b.Reserve(t.Context(), b.id, "third")
	wantCode(t, err, fault.Limited, "too_many_active")
	if fault.As(err).RetryAfter <= 0 {
		t.Error("no Retry-After")
	}
	b.end(t, first, task.Succeeded, 1)
	if err := b.Reserve(t.Context(), b.id, "third"); err != nil {
		t.Errorf("after one ended: %v", err)
	}
}

func TestARetryIsReservedOnce(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 3, SessionActive: 3})
	id := b.accept(t)
	for range 5 {
		if err := b.Reserve(t.Context(), b.id, id); err != nil {
			t.Fatal(err)
		}
	}
	b.want(t, 1, 1)
	b.end(t, id, task.Succeeded, 1)
	if err := b.Reserve(t.Context(), b.id, id); err != nil { // a late retry
		t.Fatal(err)
	}
	b.want(t, 1, 0)
}

func TestYesterdaysTaskIsNotTodays(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 3, SessionActive: 3})
	b.clock.set(at(t, "2026-03-01T15:59:00Z"))
	id := b.accept(t)
	b.clock.set(at(t, "2026-03-01T16:01:00Z"))
	b.want(t, 0, 1)
	b.end(t, id, task.Succeeded, 1)
	b.want(t, 0, 0)
}

func TestConcurrentGatewaysCountExactly(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 40})
	gateways := []*Accounts{b.Accounts, b.gateway(t)}
	var accepted atomic.Int64
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			id := task.ID(fmt.Sprintf("task-%d", i))
			for n := range 2 { // each is tried on both
				switch err := gateways[(i+n)%2].Reserve(t.Context(), b.id, id); fault.CodeOf(err) {
				case "":
					if n == 0 {
						accepted.Add(1)
					}
				case "quota_exceeded":
				default:
					t.Errorf("reserve: %v", err)
				}
			}
		})
	}
	all.Wait()
	if accepted.Load() != 40 {
		t.Errorf("%d accepted, want exactly 40", accepted.Load())
	}
	b.want(t, 40, 40)
}

func TestConcurrentReservesAndFinishesBalance(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 10_000, SessionActive: 10_000})
	gateways := []*Accounts{b.Accounts, b.gateway(t)}
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			id := task.ID(fmt.Sprintf("task-%d", i))
			if err := gateways[i%2].Reserve(t.Context(), b.id, id); err != nil {
				t.Errorf("reserve: %v", err)
			}
			if err := gateways[(i+1)%2].Finish(t.Context(), b.id, id, i%3 == 0); err != nil {
				t.Errorf("finish: %v", err)
			}
		})
	}
	all.Wait()
	b.want(t, 20, 0)
}

func TestALostAccountIsComputedFromTheTasks(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 20, SessionActive: 10})
	add := func(r task.Record) {
		r.ID, r.Session = task.ID(task.NewID()), b.id
		if r.CreatedAt.IsZero() {
			r.CreatedAt = b.clock.Now()
		}
		b.tasks.set(&r)
	}
	add(task.Record{State: task.Succeeded})                                                // counts
	add(task.Record{State: task.Succeeded, Cached: true})                                  // is free
	add(task.Record{State: task.Failed})                                                   // given back
	add(task.Record{State: task.Canceled})                                                 // never started
	add(task.Record{State: task.Canceled, Attempts: make([]task.Attempt, 1)})              // counts
	add(task.Record{Deleted: true, Charged: true})                                         // counts
	add(task.Record{Deleted: true})                                                        // does not
	add(task.Record{State: task.Succeeded, CreatedAt: b.clock.Now().Add(-13 * time.Hour)}) // was yesterday
	add(task.Record{State: task.Queued})                                                   // is active
	add(task.Record{State: task.Running})                                                  // is active
	if _, err := b.Grant(t.Context(), b.id, "gift", 5, ""); err != nil {
		t.Fatal(err)
	}
	b.want(t, 5, 2)
	if err := b.accounts.Delete(t.Context(), accountKey(b.id), engine.AnyRevision); err != nil {
		t.Fatal(err)
	}
	b.want(t, 5, 2)
	b.accept(t)
	b.want(t, 6, 3)
	if q, _ := b.gateway(t).Of(t.Context(), b.id); q.Used != 6 || q.Daily != 25 {
		t.Errorf("another gateway says %+v", q)
	}
}

func TestALeakedReservationIsFoundBeforeARefusal(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 2, SessionActive: 2})
	for _, id := range []task.ID{"lost-1", "lost-2"} { // the gateway dies before it submits
		if err := b.Reserve(t.Context(), b.id, id); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, b.Reserve(t.Context(), b.id, "next"), fault.Limited, "quota_exceeded")
	b.clock.advance(graceReserved)
	if err := b.Reserve(t.Context(), b.id, "next"); err != nil {
		t.Errorf("leaked reservations still count: %v", err)
	}
	b.want(t, 1, 1)
}

func TestAMissedFinishIsFoundBeforeARefusal(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 5, SessionActive: 1})
	id := b.accept(t)
	b.tasks.set(&task.Record{ID: id, Session: b.id, State: task.Succeeded, CreatedAt: b.clock.Now()}) // and nobody told
	if err := b.Reserve(t.Context(), b.id, "next"); err != nil {
		t.Errorf("a finished task is still active: %v", err)
	}
	b.want(t, 2, 1)
}

func TestLimitsCanBeTurnedOnLater(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 5})
	b.end(t, b.accept(t), task.Succeeded, 1)
	b.limits.Store(&policy.Limits{})
	for range 4 {
		b.end(t, b.accept(t), task.Succeeded, 1)
	}
	b.clock.advance(time.Second)
	b.limits.Store(&policy.Limits{SessionDaily: 5})
	wantCode(t, b.Reserve(t.Context(), b.id, "sixth"), fault.Limited, "quota_exceeded")
}

func TestAGrantHappensOnce(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 1})
	b.accept(t)
	for range 3 {
		q, err := b.Grant(t.Context(), b.id, "order-1", 2, "sorry")
		if err != nil || q.Daily != 3 || q.Used != 1 {
			t.Fatalf("quota = %+v, err = %v", q, err)
		}
	}
	_, err := b.Grant(t.Context(), task.SessionID(task.NewID()), "order-1", 2, "")
	wantCode(t, err, fault.Conflict, "grant_used")
	for _, n := range []int64{0, -1, maxGrant + 1} {
		_, err := b.Grant(t.Context(), b.id, "order-2", n, "")
		wantCode(t, err, fault.Unprocessable, "grant_invalid")
	}
	b.accept(t)
	b.accept(t)
	wantCode(t, b.Reserve(t.Context(), b.id, "fourth"), fault.Limited, "quota_exceeded")
	b.clock.advance(24 * time.Hour)
	if q, _ := b.Of(t.Context(), b.id); q.Daily != 1 {
		t.Errorf("the grant of yesterday is there: %+v", q)
	}
}

func TestForgettingASessionLeavesNothingOfIt(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 5})
	b.accept(t)
	if _, err := b.Grant(t.Context(), b.id, "order-1", 2, ""); err != nil {
		t.Fatal(err)
	}
	b.tasks.records = map[task.ID]*task.Record{}
	if err := b.Erase(t.Context(), b.id); err != nil {
		t.Fatal(err)
	}
	b.want(t, 0, 0)
	if q, _ := b.Of(t.Context(), b.id); q.Daily != 5 {
		t.Errorf("quota = %+v", q)
	}
	if _, err := b.Grant(t.Context(), task.SessionID(task.NewID()), "order-1", 2, ""); fault.CodeOf(err) != fault.GrantUsed {
		t.Errorf("an external id is free again: %v", err)
	}
}

func TestANewSessionNeedNotLookForTasks(t *testing.T) {
	t.Parallel()
	b := openFixture(t, policy.Limits{SessionDaily: 5})
	b.Begin(b.id)
	b.accept(t)
	b.want(t, 1, 1)
	if n := b.tasks.reads.Load(); n != 0 {
		t.Errorf("%d reads", n)
	}
}

// A memory bucket counts its revisions from 1 again after a restart: what this
// gateway remembers from before must not be written over what others did since.
func TestAnAccountFromBeforeARestartOfTheEngineIsNotUsed(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	host := engine.Config{Dir: t.TempDir(), Listen: addr, Token: secret.New("secret")}
	first := openEngine(t, host)
	b := fixtureOn(t, openEngine(t, engine.Config{URL: "nats://" + addr, Token: secret.New("secret")}), policy.Limits{SessionDaily: 20, SessionActive: 20})
	b.accept(t)
	seen := b.engine.Reconnects()
	first.Close()
	second := openEngine(t, host)
	if b.engine.Reconnects() == seen { // its first request waits for the connection
		for end := time.Now().Add(20 * time.Second); b.engine.Ready(t.Context()) != nil && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // the connection announces nothing here
		}
	}
	other := &fixture{engine: second, tasks: b.tasks, clock: b.clock, id: b.id}
	other.limits.Store(b.limits.Load())
	other.Accounts = other.gateway(t) // makes the bucket again
	other.accept(t)
	b.accept(t)
	b.want(t, 3, 3)
	other.want(t, 3, 3)
}

func BenchmarkReserveFinish(b *testing.B) {
	l := openFixture(b, limit.Defaults())
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id, t := task.SessionID(task.NewID()), task.ID(task.NewID())
			l.Begin(id)
			if err := l.Reserve(b.Context(), id, t); err != nil {
				b.Error(err)
			}
			if err := l.Finish(b.Context(), id, t, true); err != nil {
				b.Error(err)
			}
		}
	})
}
