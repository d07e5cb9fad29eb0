package campaign

import (
	"context"
	"log/slog"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	retryEvery = time.Second      // after a step that failed
	lookEvery  = 10 * time.Minute // for slots of campaigns that are over
)

// operator is gateway/policy.
type operator interface {
	State() *policy.State
	Limits() policy.Limits
	QueueDepth(now time.Time) int64
	Changed() <-chan struct{}
}

// queue is gateway/queue.
type queue interface {
	SetDepth(ctx context.Context, depth int64) error
	Backlog(ctx context.Context) (uint64, error)
	Jobs(ctx context.Context) (map[task.ID]struct{}, error)
	DrainTime() time.Duration
}

// Deps are what campaigns are kept with.
type Deps struct {
	Engine *engine.Engine
	Policy operator
	Queue  queue
	Depth  int64 // of the queue, as it was opened
	Logger *slog.Logger
}

// Keeper keeps the campaigns on one gateway. The clock says whether one is
// open; the engine counts its admission slots.
type Keeper struct {
	Deps
	slots  *slots
	others others
	depth  int64 // of the queue, as last set; only Run knows
}

// New makes a Keeper; Run follows the operators and the clock.
func New(d Deps) *Keeper { return newKeeper(d, d.Engine.Sets(slotsStream, slotsSubject)) }

func newKeeper(d Deps, s sets) *Keeper {
	return &Keeper{Deps: d, depth: d.Depth, slots: newSlots(s, d.Queue, d.Logger)}
}

// Run opens and closes campaigns until ctx ends: when one begins or ends by
// the clock, and whenever operators change the state.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		changed := k.Policy.Changed()
		wait := k.step(ctx)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		case <-time.After(wait):
		}
	}
}

// step makes the engine what the state asks for now, and says when to look
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
	for name, c := range state.Campaigns { // planned ones too: their crowd comes all at once
		if live(name) {
			if err := k.slots.open(ctx, name, c.Capacity); err != nil {
				return err
			}
		}
	}
	return k.slots.drop(ctx, live)
}

// Admit takes an admission slot of a campaign for a session's task. It refuses when
// the campaign is not open (see policy.State.Admit) or full: fault.CampaignFull; and
// a session that has limits.sessionActive slots of it: fault.TooManyActive. The slot
// is kept until Release, and at most for a time.
func (k *Keeper) Admit(ctx context.Context, name string, s task.SessionID, id task.ID, kept time.Duration) error {
	c, err := k.Policy.State().Admit(name, time.Now())
	if err != nil {
		return err
	}
	if err := k.slots.open(ctx, name, c.Capacity); err != nil {
		return err
	}
	return k.slots.take(ctx, name, slotID{s, id}, kept, k.Policy.Limits().SessionActive)
}

// Release gives a task's admission slot back; a task without one is no error.
func (k *Keeper) Release(ctx context.Context, name string, s task.SessionID, id task.ID) error {
	return k.slots.sets.Remove(ctx, name, slotID{s, id}.key())
}

// Taken counts the tasks of a campaign that are queued or running.
func (k *Keeper) Taken(ctx context.Context, name string) (int64, error) {
	return k.slots.sets.Len(ctx, name)
}
