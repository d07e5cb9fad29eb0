package generate

import (
	"container/list"
	"sync"
	"time"
)

// registry knows the running attempts and, for a while, the finished ones.
type registry struct {
	capacity   int
	keep       time.Duration
	keepAtMost int

	mu       sync.Mutex
	runs     map[key]*run
	finished list.List // of *run, oldest first
	running  int
	closed   bool          // no new runs
	idle     chan struct{} // closed when closed and nothing runs
}

func newRegistry(c Config) *registry {
	return &registry{
		capacity: c.Capacity, keep: c.Keep, keepAtMost: c.KeepAtMost, runs: map[key]*run{}, idle: make(chan struct{}),
	}
}

// claim finds the run of k, or registers the one that create makes. Both are
// nil when there is none and none may start.
func (g *registry) claim(k key, create func() *run) (found, created *run) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget()
	if r := g.runs[k]; r != nil {
		return r, nil
	}
	if create == nil || g.closed || g.running >= g.capacity {
		return nil, nil
	}
	r := create()
	g.runs[k] = r
	g.running++
	return nil, r
}

// adopt finds the run of k, or registers the one that create makes, whether or
// not there is room: its picture is made, and only to be stored.
func (g *registry) adopt(k key, create func() *run) *run {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.runs[k]; r != nil {
		return r
	}
	r := create()
	g.runs[k] = r
	g.running++
	return r
}

// find returns the run of k, or nil.
func (g *registry) find(k key) *run {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.runs[k]
}

// done moves a run from the running to the finished.
func (g *registry) done(r *run) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.finished.PushBack(r)
	g.settle()
}

func (g *registry) settle() {
	if g.closed && g.running == 0 {
		select {
		case <-g.idle:
		default:
			close(g.idle)
		}
	}
}

// forget drops finished runs that are too old or too many.
func (g *registry) forget() {
	for e := g.finished.Front(); e != nil; e = g.finished.Front() {
		r, ok := e.Value.(*run)
		if ok && g.finished.Len() <= g.keepAtMost && time.Since(r.endedAt()) < g.keep {
			return
		}
		g.finished.Remove(e)
		if ok {
			delete(g.runs, r.key)
		}
	}
}

func (g *registry) inFlight() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running
}

// close lets no new run start and returns a channel that closes when the
// last one ended.
func (g *registry) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.settle()
	return g.idle
}

// cancelAll asks every running attempt to stop.
func (g *registry) cancelAll(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.runs {
		r.cancel(cause)
	}
}
