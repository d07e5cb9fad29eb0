package dispatch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// answer is how a call ends.
type answer struct {
	out workerrpc.Outcome
	err error
}

// call is one Generate as its worker sees it.
type call struct {
	addr string
	req  workerrpc.Attempt
	on   func(workerrpc.Update)
	end  chan answer
}

// say sends an update.
func (c *call) say(u workerrpc.Update) { c.on(u) }

// outcome ends the call with a result.
func (c *call) outcome(o workerrpc.Outcome) {
	o.Task, o.Number = c.req.Task, c.req.Number
	c.end <- answer{out: o}
}

// ok ends the call with a picture.
func (c *call) ok() { c.outcome(picture()) }

// fails ends the call without one.
func (c *call) fails(o task.Outcome, class task.Class) {
	c.outcome(workerrpc.Outcome{Result: o, Class: class})
}

// breaks ends the stream; the worker goes on without us.
func (c *call) breaks(code fault.Code) {
	c.end <- answer{err: fault.New(code)}
}

func picture() workerrpc.Outcome {
	return workerrpc.Outcome{Result: task.OK, Width: 4, Height: 3, ContentType: "image/jpeg", Bytes: 12}
}

type attemptKey struct {
	id     task.ID
	number int
}

// workers are all workers at once. Without a script every call waits in calls
// for the test to play it.
type workers struct {
	calls   chan *call
	cancels chan attemptKey
	script  func(*call) (workerrpc.Outcome, error)

	mu      sync.Mutex
	started map[attemptKey]int // Generate calls that may start something
	busy    map[string]int     // by provider, now
	most    map[string]int
}

func newWorkers() *workers {
	return &workers{
		calls: make(chan *call, 4096), cancels: make(chan attemptKey, 4096),
		started: make(map[attemptKey]int), busy: make(map[string]int), most: make(map[string]int),
	}
}

func (f *workers) Generate(ctx context.Context, addr string, a workerrpc.Attempt, on func(workerrpc.Update)) (workerrpc.Outcome, error) {
	f.mu.Lock()
	if !a.AttachOnly && a.VendorTask == "" {
		f.started[attemptKey{a.Task, a.Number}]++
	}
	f.busy[a.Provider]++
	f.most[a.Provider] = max(f.most[a.Provider], f.busy[a.Provider])
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.busy[a.Provider]--
		f.mu.Unlock()
	}()
	c := &call{addr: addr, req: a, on: on, end: make(chan answer, 1)}
	if f.script != nil {
		return f.script(c)
	}
	f.calls <- c
	select {
	case r := <-c.end:
		return r.out, r.err
	case <-ctx.Done():
		return workerrpc.Outcome{}, fault.Wrap(fault.RequestCanceled, context.Cause(ctx))
	}
}

func (f *workers) Cancel(_ context.Context, _ string, id task.ID, number int) error {
	f.cancels <- attemptKey{id, number}
	return nil
}

// startedOnce fails for every attempt that was started more than once.
func (f *workers) startedOnce(t testing.TB) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, n := range f.started {
		if n > 1 {
			t.Errorf("attempt %d of %s was started %d times", k.number, k.id, n)
		}
	}
}

// crowd is a fleet that the test changes.
type crowd struct {
	mu      sync.Mutex
	members []fleet.Member
	changed chan struct{}
}

func newCrowd(ms ...fleet.Member) *crowd { return &crowd{members: ms, changed: make(chan struct{})} }

func (c *crowd) Workers() []fleet.Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members
}

func (c *crowd) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

func (c *crowd) set(ms ...fleet.Member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = ms
	close(c.changed)
	c.changed = make(chan struct{})
}

func worker(id, region string, capacity int, providers ...string) fleet.Member {
	return fleet.Member{
		Heartbeat: workerrpc.Heartbeat{ID: id, Address: id + ":1", Region: region, Capacity: capacity, Providers: providers},
		LastSeen:  time.Now(),
	}
}

// shelf is an object store in memory.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
	removed []string // prefixes
}

func newShelf() *shelf { return &shelf{objects: make(map[string][]byte)} }

func (s *shelf) WorkerGetURL(key string, _ time.Time) string { return "get:" + key }

func (s *shelf) WorkerPutURL(key, _ string, _ int64, _ time.Time) string { return "put:" + key }

type object struct{ *bytes.Reader }

func (object) Close() error { return nil }

func (s *shelf) Open(_ context.Context, key string) (*store.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.objects[key]
	if !ok {
		return nil, fault.New(fault.ObjectNotFound)
	}
	return &store.Object{ReadSeekCloser: object{bytes.NewReader(data)}, Size: int64(len(data))}, nil
}

func (s *shelf) DeletePrefix(_ context.Context, prefix string) (n int, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = append(s.removed, prefix)
	for k := range s.objects {
		if strings.HasPrefix(k, prefix) {
			delete(s.objects, k)
			n++
		}
	}
	return n, nil
}

// put is what a worker does with a URL it was given.
func (s *shelf) put(t testing.TB, url string, data []byte) {
	t.Helper()
	key, ok := strings.CutPrefix(url, "put:")
	if !ok {
		t.Fatalf("not a PUT URL: %q", url)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = data
}

// manifest leaves the outcome of a call as its worker would.
func (s *shelf) manifest(t testing.TB, c *call, o workerrpc.Outcome) {
	t.Helper()
	o.Task, o.Number = c.req.Task, c.req.Number
	data, err := sonic.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, c.req.ManifestURL, data)
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.objects)
}

// books settle tasks, or refuse as often as they are told.
type books struct {
	mu      sync.Mutex
	refuse  int
	settled map[task.ID]*task.Record
	times   map[task.ID]int
	each    chan task.ID
}

func newBooks() *books {
	return &books{settled: make(map[task.ID]*task.Record), times: make(map[task.ID]int), each: make(chan task.ID, 1<<16)}
}

func (b *books) Settle(_ context.Context, _ *task.Job, r *task.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.times[r.ID]++
	if b.refuse > 0 {
		b.refuse--
		return errors.New("the books are closed")
	}
	b.settled[r.ID] = r
	b.each <- r.ID
	return nil
}

func (b *books) record(id task.ID) *task.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settled[id]
}

var _ io.ReadSeekCloser = object{}
