package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/objective"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// patience bounds what a test waits for; it is reached only by failures.
const patience = 20 * time.Second

// world is everything around a dispatcher: a real engine and queue, and fakes
// for what is across a wire.
type world struct {
	t       testing.TB
	engine  *engine.Engine
	queue   *queue.Queue
	crowd   *crowd
	workers *workers
	shelf   *shelf
	books   *books
	policy  atomic.Pointer[policy.State]
	routes  routing.Config
	config  Config
	taskFen int64
	arms    arms   // nil: not counted
	clock   *clock // nil: the system's
	fresh   func(context.Context) error
	store   func() error // nil: it takes everything
	log     *slog.Logger
	tallied *prometheus.Registry // what all gateways count together
	tally   *objective.Tally
}

// clock stands still until the test lets time pass.
type clock struct {
	start  time.Time
	passed atomic.Int64
}

func (c *clock) now() time.Time { return c.start.Add(time.Duration(c.passed.Load())) }

func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }

// still gives a dispatcher a clock that the test moves.
func still(w *world) { w.clock = &clock{start: time.Now()} }

// arms count what experiments did.
type arms interface {
	Post(ctx context.Context, arm task.Arm, id task.ID, c experiment.Counts) error
	Close(arm task.Arm, id task.ID)
}

// provider is a provider as most tests need it.
func provider(name string) routing.Provider {
	return routing.Provider{Name: name, Kind: "real", Weight: 1, Timeout: time.Minute}
}

// newWorld has one worker with room for four tasks of the provider "a".
func newWorld(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := &world{
		t: t, workers: newWorkers(), shelf: newShelf(), books: newBooks(), config: Defaults(), routes: routing.Defaults(),
		crowd: newCrowd(worker("w1", "", 4, "a")), log: slog.New(slog.DiscardHandler),
	}
	w.tallied = prometheus.NewRegistry()
	w.tally = objective.NewTally(objective.Defaults(), w.tallied)
	w.routes.Providers = []routing.Provider{provider("a")}
	w.policy.Store(&policy.State{})
	for _, c := range change {
		c(w)
	}
	if w.engine == nil {
		e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		w.engine = e
	}
	w.queue = w.openQueue(w.engine)
	return w
}

// openQueue opens and runs the queue of one gateway.
func (w *world) openQueue(e *engine.Engine) *queue.Queue {
	w.t.Helper()
	q, err := queue.Open(w.t.Context(), e, 0, w.log, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = q.Run(ctx) }()
	w.t.Cleanup(func() { cancel(); <-done })
	return q
}

// running is a dispatcher and the way to stop it.
type running struct {
	*Dispatcher
	w       *world
	metrics *prometheus.Registry
	stop    func()
}

// start runs a dispatcher on this gateway until the test ends.
func (w *world) start() *running {
	w.t.Helper()
	return w.startOn(w.engine, w.queue)
}

func (w *world) startOn(e *engine.Engine, q *queue.Queue) *running {
	w.t.Helper()
	reg, now := prometheus.NewRegistry(), time.Now
	if w.clock != nil {
		now = w.clock.now
	}
	d, err := New(w.t.Context(), w.config, Deps{
		ID: task.NewID(), Engine: e, Queue: q, Fleet: w.crowd, Policy: w.policy.Load, Fresh: w.fresh, Store: w.store, TaskFen: func() int64 { return w.taskFen }, Registry: reg,
		Runs: run.Deps{
			Router: routing.New(w.routes, w.policy.Load), Caller: w.workers, Objects: w.shelf, Settler: w.books, Arms: w.arms, Tally: w.tally, Logger: w.log, Now: now,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			w.t.Error("the dispatcher does not stop")
		}
	})
	w.t.Cleanup(stop)
	return &running{Dispatcher: d, w: w, metrics: reg, stop: stop}
}

// leads waits until a dispatcher leads and is ready for jobs.
func (r *running) leads() *term {
	r.w.t.Helper()
	var l *term
	eventually(r.w.t, "it leads", func() bool { l = r.current.Load(); return l != nil })
	within(r.w.t, l.recovered, "it has recovered")
	return l
}

// idle waits until nothing is held: no lease, slot, token or waiting task.
func (r *running) idle() {
	r.w.t.Helper()
	var l *term
	eventually(r.w.t, "all is given back", func() bool {
		if l = r.current.Load(); l == nil {
			return false
		}
		idle := false
		l.look(func(b *board) {
			idle = len(b.held)+len(b.asking)+len(b.slots.busy)+len(b.slots.providers)+b.waiting.Len() == 0
		})
		return idle
	})
	if s := r.Status(); s.Waiting != 0 || s.Running != 0 || len(s.InFlight) != 0 {
		r.w.t.Errorf("status of an idle dispatcher: %+v", s)
	}
	eventually(r.w.t, "every job is acknowledged", func() bool {
		n, err := r.w.queue.Backlog(r.w.t.Context())
		return err == nil && n == 0
	})
	r.w.workers.startedOnce(r.w.t)
}

// accept submits a job.
func (w *world) accept(change ...func(*task.Job)) *task.Job {
	w.t.Helper()
	now := time.Now().UTC()
	j := &task.Job{
		ID: task.ID(task.NewID()), Session: task.SessionID(task.NewID()), Network: "192.0.2.0/24", CreatedAt: now,
		Deadline: now.Add(time.Minute), ExpiresAt: now.Add(time.Hour), PhotoKey: "photo",
	}
	for _, c := range change {
		c(j)
	}
	if _, dup, err := w.queue.Submit(w.t.Context(), j, string(j.ID)); err != nil || dup {
		w.t.Fatalf("submit: duplicate %v, err %v", dup, err)
	}
	return j
}

// next is the next call to a worker.
func (w *world) next() *call {
	w.t.Helper()
	return within(w.t, w.workers.calls, "a call to a worker")
}

// quiet checks that no call to a worker is waiting to be played.
func (w *world) quiet() {
	w.t.Helper()
	select {
	case c := <-w.workers.calls:
		w.t.Errorf("a call nobody asked for: attempt %d at %s by %s", c.req.Number, c.req.Provider, c.addr)
	default:
	}
}

func (w *world) record(j *task.Job) *task.Record {
	w.t.Helper()
	r, _, err := w.queue.Lookup(w.t.Context(), j.Session, j.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// until waits for a revision of a task.
func (w *world) until(j *task.Job, what string, ok func(*task.Record) bool) *task.Record {
	w.t.Helper()
	f, err := w.queue.Follow(w.t.Context(), j.Session, j.ID, 0, false)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	for r := f.Snapshot(); ; r = within(w.t, f.C(), what) {
		if r == nil {
			w.t.Fatalf("the stream broke while waiting for: %s", what)
		}
		if ok(r) {
			return r
		}
	}
}

// finished waits until a task has ended and its books are closed, and returns
// all its revisions after checking what holds for every task.
func (w *world) finished(j *task.Job) []*task.Record {
	w.t.Helper()
	w.until(j, "the task ends", func(r *task.Record) bool { return r.State.Terminal() })
	eventually(w.t, "every call is booked", func() bool { r := w.record(j); return r.Deleted || r.Running() == nil })
	eventually(w.t, "it is settled", func() bool { return w.books.record(j.ID) != nil })
	f, err := w.queue.Follow(w.t.Context(), j.Session, j.ID, 1, true)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if f.Snapshot() != nil {
		w.t.Fatal("history is not whole")
	}
	rs := append([]*task.Record{j.Accepted()}, f.Pending()...)
	check(w.t, rs)
	return rs
}

// last is the end of a task's history.
func last(rs []*task.Record) *task.Record { return rs[len(rs)-1] }

// check is what holds for the revisions of every task.
func check(t testing.TB, rs []*task.Record) {
	t.Helper()
	for i, r := range rs {
		if r.Version != uint64(i+1) {
			t.Fatalf("revision %d has version %d", i+1, r.Version)
		}
		if end := i == len(rs)-1; r.State.Terminal() != end {
			t.Errorf("revision %d of %d is %s", i+1, len(rs), r.State)
		}
		if (r.Progress == 100) != (r.State == task.Succeeded) {
			t.Errorf("revision %d: progress %d while %s", r.Version, r.Progress, r.State)
		}
		if i == 0 {
			continue
		}
		before := rs[i-1]
		if r.Progress < before.Progress {
			t.Errorf("progress fell from %d to %d", before.Progress, r.Progress)
		}
		if before.Started() && r.Event == task.EventQueued {
			t.Errorf("revision %d tells a position of a task that has started", r.Version)
		}
		if r.Event == task.EventQueued && before.Queue != nil && r.Queue.Position >= before.Queue.Position {
			t.Errorf("position went from %d to %d", before.Queue.Position, r.Queue.Position)
		}
	}
	end := last(rs)
	for i, a := range end.Attempts {
		if a.Number != i+1 || a.Outcome == "" || a.EndedAt == nil {
			t.Errorf("attempt %d of the finished task: %+v", i+1, a)
		}
	}
	if end.FinishedAt == nil || end.Queue != nil {
		t.Errorf("finished record: %+v", end)
	}
}

// events lists what a stream would have shown.
func events(rs []*task.Record) (out []task.Event) {
	for _, r := range rs {
		out = append(out, r.Event)
	}
	return out
}

// outcomes lists "provider outcome class" of a record's attempts.
func outcomes(r *task.Record) (out []string) {
	for _, a := range r.Attempts {
		out = append(out, a.Provider+" "+string(a.Outcome)+" "+string(a.Class))
	}
	return out
}

// cancel is what intake does: the record says so, then the signal.
func (w *world) cancel(j *task.Job) {
	w.t.Helper()
	w.edit(j, func(r *task.Record) {
		r.Canceling, r.Stage = true, task.StageCanceling
		if err := r.To(r.State, task.EventProgress); err != nil {
			w.t.Fatal(err)
		}
	})
	if err := w.queue.SignalCancel(j.Session, j.ID); err != nil {
		w.t.Fatal(err)
	}
}

// edit changes a record behind the dispatcher's back.
func (w *world) edit(j *task.Job, change func(*task.Record)) {
	w.t.Helper()
	eventually(w.t, "the record is changed", func() bool {
		r, rev, err := w.queue.Lookup(w.t.Context(), j.Session, j.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		change(r)
		_, err = w.queue.Write(w.t.Context(), r, rev)
		return err == nil
	})
}

// erase is what erasure does.
func (w *world) erase(j *task.Job) {
	w.t.Helper()
	if existed, err := w.queue.Erase(w.t.Context(), j.Session, j.ID); err != nil || !existed {
		w.t.Fatalf("erase: existed %v, err %v", existed, err)
	}
	if err := w.queue.SignalCancel(j.Session, j.ID); err != nil {
		w.t.Fatal(err)
	}
}

// count adds up a counter over its labels.
func (r *running) count(name string) (n int) {
	r.w.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "imgfleet_dispatch_"+name+"_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			n += int(m.GetCounter().GetValue())
		}
	}
	return n
}

// look gives what a term knows.
func (t *term) look(at func(*board)) {
	t.sched.mu.Lock()
	defer t.sched.mu.Unlock()
	at(t.sched.board)
}

// eventually polls for what has no event.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // inner state and the engine's counts have no event
	}
}

// within returns the next value of c.
func within[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("never: %s", what)
		panic("unreachable")
	}
}

func with(ms ...fleet.Member) func(*world) {
	return func(w *world) { w.crowd = newCrowd(ms...) }
}

func routed(c func(*routing.Config)) func(*world) { return func(w *world) { c(&w.routes) } }

// newWorldListening has an engine that further gateways can reach.
func newWorldListening(t testing.TB) *world {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	_ = ln.Close()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute, Listen: address, Token: secret.New("secret")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return newWorld(t, func(w *world) { w.engine = e })
}

// What runs promise, as tests count on it.
const (
	perProvider = 3                // attempts at one provider
	deadWait    = time.Second      // for the manifest of a worker that is gone
	callGrace   = 10 * time.Second // after the timeout of a call
)

func imageKey(r *task.Record, number int) string {
	return fmt.Sprintf("%s/tasks/%s/%d.jpg", r.Session, r.ID, number)
}
