package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	pulseEvery = time.Second
	pulseWait  = time.Second     // for one answer
	lostAfter  = 2 * time.Second // without an answer, what is known may be old
	awayAfter  = 2 * time.Second // a node of the cluster says something every second
)

// pulse asks the stream of tasks every second whether it is there, and who leads
// it. Live revisions may be missed when the answer fails to come, when the
// connection was made again, or when another leads.
type pulse struct {
	mu      sync.Mutex
	lost    chan struct{} // closed while the engine is lost
	isLost  bool
	heard   time.Time // when the stream answered last
	made    uint64    // connections, as of then
	leader  string    // as of then
	known   bool      // the two are
	skipped bool      // an answer failed to come since then
}

func newPulse(now time.Time) *pulse { return &pulse{lost: make(chan struct{}), heard: now} }

// Lost is closed when the engine has not answered for a moment. When it answers
// again, the next call returns another channel.
func (p *pulse) Lost() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// answered notes an answer and reports whether revisions may have been missed
// since the one before.
func (p *pulse) answered(now time.Time, made uint64, leader string) (missed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	missed = p.skipped || p.known && (made != p.made || leader != p.leader)
	p.heard, p.made, p.leader, p.known, p.skipped = now, made, leader, true, false
	if p.isLost {
		p.lost, p.isLost = make(chan struct{}), false
	}
	return missed
}

// silent notes that there was no answer.
func (p *pulse) silent(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.skipped = true
	if !p.isLost && now.Sub(p.heard) >= lostAfter {
		close(p.lost)
		p.isLost = true
	}
}

// runPulse asks until ctx ends.
func (q *Queue) runPulse(ctx context.Context) {
	for range tick.AtOnce(ctx, pulseEvery) {
		made := q.engine.Reconnects() // first: a connection that is made meanwhile counts as a later one
		leader, err := q.leader(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			q.pulse.silent(time.Now())
		case q.pulse.answered(time.Now(), made, leader):
			q.hub.doubt()
		}
	}
}

// leader is the node that leads the stream of tasks, "" in an engine of one.
func (q *Queue) leader(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pulseWait)
	defer cancel()
	info, err := q.tasks.Info(ctx)
	if err != nil || info.Cluster == nil {
		return "", err
	}
	if !majority(info.Cluster.Replicas) {
		return "", errAlone
	}
	return info.Cluster.Leader, nil
}

var errAlone = errors.New("the leader hears too few others")

// majority reports whether a leader hears enough of the others to write. One
// that does not leads on by name for 10 to 20 seconds.
func majority(others []*jetstream.PeerInfo) bool {
	heard := 1 // itself
	for _, o := range others {
		if !o.Offline && o.Active < awayAfter {
			heard++
		}
	}
	return 2*heard > len(others)+1
}
