package campaign

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	// countEvery is how old the count of the other tasks may be.
	countEvery = 250 * time.Millisecond

	// gatewaysShare is the part of the free places that one gateway gives away
	// before it counts again.
	gatewaysShare = 8
)

// others counts the tasks of no campaign, between two counts of the engine.
type others struct {
	mu sync.Mutex
	at time.Time
	n  int64

	left int64 // admissions until it is counted again
}

// admit counts one more unless there are as many as depth. It asks count when
// the last answer is too old, or when this gateway has admitted its part of what
// was free then: other gateways do so too, and none may take the room of a
// campaign. Whoever comes meanwhile waits for the answer. An
// error of count admits everybody until it is asked again: the depth of the
// queue is a limit all the same.
func (o *others) admit(ctx context.Context, depth int64, count func(context.Context) (int64, error)) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.at) >= countEvery || o.left <= 0 && o.n < depth {
		n, err := count(ctx)
		if ctx.Err() != nil {
			return true // nobody waits for the answer
		}
		o.n, o.at, o.left = n, time.Now(), max(1, (depth-n)/gatewaysShare)
		if err != nil {
			o.n, o.left = 0, depth
		}
	}
	if o.n >= depth {
		return false
	}
	o.n++
	o.left--
	return true
}

// AdmitOther refuses a task of no campaign when those have as many in the
// queue as limits.queueDepth allows: fault.QueueFull. While
// campaigns are open the queue is deeper than that, but only for them.
func (k *Keeper) AdmitOther(ctx context.Context) error {
	depth, open := k.Policy.Limits().QueueDepth, k.Policy.State().OpenCampaigns(time.Now())
	if depth == 0 || len(open) == 0 {
		return nil
	}
	count := func(ctx context.Context) (int64, error) { return k.countOthers(ctx, open) }
	if !k.others.admit(ctx, depth, count) {
		return fault.New(fault.QueueFull).After(sweepEvery)
	}
	return nil
}

func (k *Keeper) countOthers(ctx context.Context, open []string) (int64, error) {
	all, err := k.Queue.Backlog(ctx)
	if err != nil {
		return 0, err
	}
	n := int64(all)
	for _, name := range open {
		taken, err := k.Taken(ctx, name)
		if err != nil {
			return 0, err
		}
		n -= taken
	}
	return n, nil
}
