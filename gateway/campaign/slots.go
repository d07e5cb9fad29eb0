package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	// slotsStream and slotsSubject are how the engine stores admission slots.
	// Releases before this one called them places.
	slotsStream  = "PLACES_"
	slotsSubject = "place"

	// slotGrace is how long a slot may be without a job: the accept that took
	// it is still under way.
	slotGrace = 30 * time.Second

	// slotsUnused is how old a campaign's empty slots must be to be removed: a
	// gateway that does not know a new campaign yet must not remove its slots.
	slotsUnused = 10 * time.Minute

	sweepEvery = 5 * time.Second
)

// sets are the bounded sets of gateway/engine.
type sets interface {
	Open(ctx context.Context, name string, most int64) error
	Add(ctx context.Context, name, key string, ttl time.Duration) error
	Added(ctx context.Context, name, key string) (time.Time, error)
	Remove(ctx context.Context, name, key string) error
	Len(ctx context.Context, name string) (int64, error)
	Count(ctx context.Context, name, owner string) (int64, error)
	Keys(ctx context.Context, name string) ([]string, error)
	Drop(ctx context.Context, age time.Duration, keep func(name string) bool) error
}

// slotID names a slot: the task that has it, and the session that owns the task.
type slotID struct {
	session task.SessionID
	task    task.ID
}

func (id slotID) key() string { return string(id.session) + "." + string(id.task) }

// taskOf is the task of a key. Releases before this one wrote no session.
func taskOf(key string) task.ID { return task.ID(key[strings.LastIndexByte(key, '.')+1:]) }

// slots are the admission slots of campaigns. Each campaign has a set in the
// engine with one key for each of its tasks that is queued or running. The set
// refuses one too many, so the engine counts for all gateways.
type slots struct {
	sets  sets
	queue queue
	log   *slog.Logger

	grace, unused time.Duration // tests shorten them

	opened sync.Map // campaign → slots that this gateway made

	mu    sync.Mutex
	swept map[string]time.Time // the last search for stale slots, by campaign
}

func newSlots(s sets, q queue, log *slog.Logger) *slots {
	return &slots{
		sets: s, queue: q, log: log, grace: slotGrace, unused: slotsUnused, swept: make(map[string]time.Time),
	}
}

// open makes a campaign's slots, or changes how many there are, unless this
// gateway already did.
func (s *slots) open(ctx context.Context, campaign string, capacity int64) error {
	if made, _ := s.opened.Load(campaign); made == capacity {
		return nil
	}
	if err := s.sets.Open(ctx, campaign, capacity); err != nil {
		return err
	}
	s.opened.Store(campaign, capacity)
	return nil
}

// drop removes the empty slots of campaigns that are not live.
func (s *slots) drop(ctx context.Context, live func(campaign string) bool) error {
	for campaign := range s.opened.Range {
		if !live(campaign.(string)) {
			s.opened.Delete(campaign)
		}
	}
	return s.sets.Drop(ctx, s.unused, live)
}

// take takes a slot for a task, one however often it is asked, and keeps it at
// most so long. When all are taken it first looks for stale ones; then it is
// fault.CampaignFull. It is fault.TooManyActive where the session has as many
// (0: no limit): a task that was deleted keeps its slot until its call has ended.
func (s *slots) take(ctx context.Context, campaign string, id slotID, kept time.Duration, most int64) error {
	err := s.sets.Add(ctx, campaign, id.key(), kept)
	if errors.Is(err, engine.ErrFull) && s.sweepIsDue(campaign, time.Now()) && s.sweep(ctx, campaign) > 0 {
		err = s.sets.Add(ctx, campaign, id.key(), kept)
	}
	switch {
	case err == nil:
		return s.own(ctx, campaign, id, most)
	case errors.Is(err, engine.ErrFull):
		return fault.Wrap(fault.CampaignFull, err).After(s.queue.DrainTime())
	}
	s.opened.Delete(campaign) // its set may be gone
	return fmt.Errorf("take admission slot: %w", err)
}

// own gives a slot back that is one too many of its session. It is counted after
// it was taken, so that several at once are not all let in.
func (s *slots) own(ctx context.Context, campaign string, id slotID, most int64) error {
	if most == 0 {
		return nil
	}
	n, err := s.sets.Count(ctx, campaign, string(id.session))
	if err == nil && n <= most {
		return nil
	}
	if removed := s.sets.Remove(ctx, campaign, id.key()); removed != nil {
		s.log.Warn("admission slot not released", "campaign", campaign, "err", removed)
	}
	if err != nil {
		return fmt.Errorf("count admission slots: %w", err)
	}
	return fault.New(fault.TooManyActive).After(sweepEvery).
		With("active", strconv.FormatInt(n-1, 10)).With("limit", strconv.FormatInt(most, 10))
}

func (s *slots) sweepIsDue(campaign string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := now.Sub(s.swept[campaign]) >= sweepEvery
	if due {
		s.swept[campaign] = now
	}
	return due
}

// sweep releases stale slots and says how many: those whose task has no job,
// because the gateway that accepted it died in between.
func (s *slots) sweep(ctx context.Context, campaign string) (released int) {
	taken, err := s.sets.Keys(ctx, campaign) // before the jobs: a task accepted since then is not missed
	if err != nil {
		s.log.Warn("admission slots not listed", "campaign", campaign, "err", err)
		return 0
	}
	jobs, err := s.queue.Jobs(ctx)
	if err != nil {
		s.log.Warn("jobs not listed", "campaign", campaign, "err", err)
		return 0
	}
	for _, key := range taken {
		if _, live := jobs[taskOf(key)]; live {
			continue
		}
		if at, err := s.sets.Added(ctx, campaign, key); err != nil || time.Since(at) < s.grace {
			continue
		}
		if err := s.sets.Remove(ctx, campaign, key); err != nil {
			s.log.Warn("admission slot not released", "campaign", campaign, "err", err)
			continue
		}
		released++
	}
	return released
}
