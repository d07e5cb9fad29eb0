package campaign

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	retryEvery = time.Second      // after a step that failed
	lookEvery  = 10 * time.Minute // for places that nobody needs any more
	sweepEvery = 5 * time.Second  // for places whose tasks never came to be
	countEvery = 250 * time.Millisecond
)

// operator is gateway/policy.
type operator interface {
	State() *policy.State
	Limits() policy.Limits
	QueueDepth(now time.Time) int64
	Changed() <-chan struct{}
}

// places is what gateway/queue gives.
type places interface {
	SetDepth(ctx context.Context, depth int64) error
	Backlog(ctx context.Context) (uint64, error)
	OpenPlaces(ctx context.Context, campaign string, n int64) error
	TakePlace(ctx context.Context, campaign string, id task.ID, kept time.Duration) error
	LeavePlace(ctx context.Context, campaign string, id task.ID) error
	PlacesTaken(ctx context.Context, campaign string) (int64, error)
	SweepPlaces(ctx context.Context, campaign string) (int, error)
	DropPlaces(ctx context.Context, keep func(campaign string) bool) error
}

// Deps are what campaigns are kept with.
type Deps struct {
	Policy operator
	Queue  places
	Depth  int64 // of the queue, as it was opened
	Logger *slog.Logger
}

// Keeper keeps the campaigns on one gateway. Whether one is open is what the
// clock says; how many places are taken is what the engine says.
type Keeper struct {
	Deps
	depth int64 // of the queue, as last set; only Run knows

	mu     sync.Mutex
	opened map[string]int64 // places made by this gateway
	swept  map[string]time.Time
	others others
}

// others is how many tasks of no campaign there were a moment ago.
type others struct {
	mu sync.Mutex
	at time.Time
	n  int64
}

// New makes a Keeper; Run follows the operators and the clock.
func New(d Deps) *Keeper {
	return &Keeper{Deps: d, depth: d.Depth, opened: make(map[string]int64), swept: make(map[string]time.Time)}
}

// Run opens and closes until ctx ends, at the moment that the operator state
// names and whenever that changes.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		changed := k.Policy.Changed()
		wait := k.step(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// step makes the engine what the state asks for now, and tells when to look
// again.
func (k *Keeper) step(ctx context.Context) time.Duration {
	now := time.Now()
	state := k.Policy.State()
	if err := k.align(ctx, state, now); err != nil {
		if ctx.Err() == nil {
			k.Logger.Warn("campaigns not opened or closed yet", "err", err)
		}
		return retryEvery
	}
	if at, ok := state.NextCampaign(now); ok {
		return min(lookEvery, at.Sub(now))
	}
	return lookEvery
}

func (k *Keeper) align(ctx context.Context, state *policy.State, now time.Time) error {
	if depth := k.Policy.QueueDepth(now); depth != k.depth {
		if err := k.Queue.SetDepth(ctx, depth); err != nil {
			return err
		}
		k.depth = depth
	}
	live := func(name string) bool { return state.Campaigns[name].Live(now) }
	for name, c := range state.Campaigns { // also of one that is planned: its crowd comes all at once
		if live(name) {
			if err := k.open(ctx, name, c.Capacity); err != nil {
				return err
			}
		}
	}
	k.mu.Lock()
	maps.DeleteFunc(k.opened, func(name string, _ int64) bool { return !live(name) })
	k.mu.Unlock()
	return k.Queue.DropPlaces(ctx, live)
}

// open makes a campaign's places, unless this gateway did.
func (k *Keeper) open(ctx context.Context, name string, capacity int64) error {
	k.mu.Lock()
	done := k.opened[name] == capacity
	k.mu.Unlock()
	if done {
		return nil
	}
	if err := k.Queue.OpenPlaces(ctx, name, capacity); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.opened[name] = capacity
	return nil
}

// Enter takes a place of a campaign for a task, or refuses it: because the
// campaign is not open (see policy.State.Admit), or fault.CampaignFull. The
// place is kept until Leave, and at most for a time.
func (k *Keeper) Enter(ctx context.Context, name string, id task.ID, kept time.Duration) error {
	c, err := k.Policy.State().Admit(name, time.Now())
	if err != nil {
		return err
	}
	if err := k.open(ctx, name, c.Capacity); err != nil {
		return err
	}
	err = k.Queue.TakePlace(ctx, name, id, kept)
	if fault.CodeOf(err) == fault.CampaignFull && k.sweep(ctx, name) {
		err = k.Queue.TakePlace(ctx, name, id, kept)
	}
	if err != nil && fault.CodeOf(err) != fault.CampaignFull {
		k.mu.Lock()
		delete(k.opened, name) // they may be gone: the next one makes them again
		k.mu.Unlock()
	}
	return err
}

// Leave gives a task's place back.
func (k *Keeper) Leave(ctx context.Context, name string, id task.ID) error {
	return k.Queue.LeavePlace(ctx, name, id)
}

// sweep looks for places that nobody needs, now and then, and reports whether
// there were any.
func (k *Keeper) sweep(ctx context.Context, name string) bool {
	now := time.Now()
	k.mu.Lock()
	due := now.Sub(k.swept[name]) >= sweepEvery
	if due {
		k.swept[name] = now
	}
	k.mu.Unlock()
	if !due {
		return false
	}
	n, err := k.Queue.SweepPlaces(ctx, name)
	if err != nil {
		k.Logger.Warn("places not swept", "campaign", name, "err", err)
	}
	return n > 0
}

// Others refuses a task of no campaign when those have as many in the queue
// as limits.queueDepth allows: what the depth is more while campaigns are
// open is theirs. fault.QueueFull.
func (k *Keeper) Others(ctx context.Context) error {
	depth, open := k.Policy.Limits().QueueDepth, k.Policy.State().OpenCampaigns(time.Now())
	if depth == 0 || len(open) == 0 {
		return nil
	}
	k.others.mu.Lock()
	defer k.others.mu.Unlock()
	if time.Since(k.others.at) >= countEvery { // whoever waited for the count has it now
		n, err := k.count(ctx, open)
		if ctx.Err() != nil {
			return nil // nobody waits for the answer
		}
		if err != nil {
			n = 0 // unknown for a while: the depth of the queue is a limit all the same
		}
		k.others.n, k.others.at = n, time.Now()
	}
	if k.others.n >= depth {
		return fault.New(fault.QueueFull).After(sweepEvery)
	}
	k.others.n++
	return nil
}

func (k *Keeper) count(ctx context.Context, open []string) (int64, error) {
	all, err := k.Queue.Backlog(ctx)
	if err != nil {
		return 0, err
	}
	n := int64(all)
	for _, name := range open {
		taken, err := k.Queue.PlacesTaken(ctx, name)
		if err != nil {
			return 0, err
		}
		n -= taken
	}
	return n, nil
}
