package upload

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// running are the bodies that come to this gateway, by their upload. Of one
// upload only the newest goes on; it waits until the older ones have let go of
// what they wrote.
type running struct {
	mu     sync.Mutex
	bodies map[string][]*incoming
}

// incoming is one body on its way.
type incoming struct {
	key   string
	rank  uint64 // newer bodies have higher ones, over all gateways
	until *time.Timer
	gone  chan struct{} // closed by end

	mu      sync.Mutex
	stop    func(cause error) // ends its reader; nil once that does something else
	cause   error             // why it was stopped
	stopped chan struct{}     // closed with a cause
}

// begin adds a body and stops those it replaces. older are closed when those
// are gone.
func (r *running) begin(key string, rank uint64, stop func(error)) (b *incoming, older []<-chan struct{}) {
	b = &incoming{key: key, rank: rank, stop: stop, gone: make(chan struct{}), stopped: make(chan struct{})}
	r.mu.Lock()
	others := slices.Clone(r.bodies[key])
	if r.bodies == nil {
		r.bodies = make(map[string][]*incoming)
	}
	r.bodies[key] = append(r.bodies[key], b)
	r.mu.Unlock()
	for _, o := range others {
		older = append(older, o.gone)
		if o.rank > rank {
			b.end(superseded())
			continue
		}
		o.end(superseded())
	}
	return b, older
}

// leave takes a body off the list, once nothing of it is written any more.
func (r *running) leave(b *incoming) {
	if b.until != nil {
		b.until.Stop()
	}
	b.mu.Lock()
	b.stop = nil
	b.mu.Unlock()
	r.mu.Lock()
	left := slices.DeleteFunc(r.bodies[b.key], func(o *incoming) bool { return o == b })
	if r.bodies[b.key] = left; len(left) == 0 {
		delete(r.bodies, b.key)
	}
	r.mu.Unlock()
	close(b.gone)
}

// stop ends the bodies of an upload that are older than a rank.
func (r *running) stop(key string, below uint64, cause error) (gone []<-chan struct{}) {
	r.mu.Lock()
	all := slices.Clone(r.bodies[key])
	r.mu.Unlock()
	for _, b := range all {
		if b.rank < below {
			b.end(cause)
			gone = append(gone, b.gone)
		}
	}
	return gone
}

// end stops one body. The first cause counts.
func (b *incoming) end(cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cause == nil {
		b.cause = cause
		close(b.stopped)
	}
	if b.stop != nil {
		b.stop(b.cause)
	}
}

// err is why the body was stopped, nil while it goes on.
func (b *incoming) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cause
}

// follow waits until others are gone, or says why this body is not to begin.
func (b *incoming) follow(ctx context.Context, others []<-chan struct{}) error {
	for _, gone := range others {
		select {
		case <-gone:
		case <-b.stopped:
			return b.err()
		case <-ctx.Done():
			return fault.Wrap(fault.UploadLocked, context.Cause(ctx))
		}
	}
	return b.err()
}

func superseded() error { return fault.New(fault.UploadSuperseded) }
