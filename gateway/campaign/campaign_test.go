package campaign

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// stage plays the operator state, the queue and the engine's sets.
type stage struct {
	mu      sync.Mutex
	state   *policy.State
	limits  policy.Limits
	changed chan struct{}
	depth   int64
	backlog uint64
	slots   map[string]int64
	taken   map[string]map[string]time.Time
	died    map[string]bool // tasks without a job
	sweeps  int
	fails   int // calls that fail before the engine is back
	counts  int
	lost    bool // the backlog is not known
}

func (s *stage) State() *policy.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *stage) Limits() policy.Limits { return s.limits }

func (s *stage) QueueDepth(now time.Time) int64 { return s.limits.QueueDepth + s.State().Reserved(now) }

func (s *stage) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// apply changes the operator state.
func (s *stage) apply(change func(*policy.State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &policy.State{Campaigns: map[string]policy.Campaign{}}
	for name, c := range s.state.Campaigns {
		next.Campaigns[name] = c
	}
	change(next)
	s.state = next
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *stage) SetDepth(_ context.Context, depth int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return errors.New("engine is away")
	}
	s.depth = depth
	return nil
}

func (s *stage) Backlog(context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts++
	if s.lost {
		return 0, errors.New("engine is away")
	}
	return s.backlog, nil
}

func (s *stage) DrainTime() time.Duration { return time.Second }

func (s *stage) Jobs(context.Context) (map[task.ID]struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	jobs := map[task.ID]struct{}{}
	for _, taken := range s.taken {
		for key := range taken {
			if !s.died[key] {
				jobs[task.ID(key)] = struct{}{}
			}
		}
	}
	return jobs, nil
}

func (s *stage) Open(_ context.Context, name string, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots[name] = n
	if s.taken[name] == nil {
		s.taken[name] = map[string]time.Time{}
	}
	return nil
}

func (s *stage) Add(_ context.Context, name, key string, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int64(len(s.taken[name])) >= s.slots[name] {
		return engine.ErrFull
	}
	s.taken[name][key] = time.Now()
	return nil
}

func (s *stage) Added(_ context.Context, name, key string) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[name][key], nil
}

func (s *stage) Remove(_ context.Context, name, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken[name], key)
	return nil
}

func (s *stage) Len(_ context.Context, name string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.taken[name])), nil
}

func (s *stage) Count(_ context.Context, name, owner string) (n int64, err error) {
	for key := range s.taken[name] {
		if strings.HasPrefix(key, owner+".") {
			n++
		}
	}
	return n, nil
}

func (s *stage) Keys(_ context.Context, name string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeps++
	return slices.Collect(maps.Keys(s.taken[name])), nil
}

func (s *stage) Drop(_ context.Context, _ time.Duration, keep func(string) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.slots {
		if !keep(name) && len(s.taken[name]) == 0 {
			delete(s.slots, name)
		}
	}
	return nil
}

func (s *stage) slotsNow(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slots[name]
}

func (s *stage) depthNow() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.depth
}

// keeper runs a Keeper in a synctest bubble; the campaign "expo" opens in an
// hour and closes an hour later.
func keeper(t *testing.T) (*Keeper, *stage) {
	t.Helper()
	now := time.Now()
	s := &stage{
		state: &policy.State{}, limits: policy.Limits{QueueDepth: 100}, changed: make(chan struct{}), depth: 100,
		slots: map[string]int64{}, taken: map[string]map[string]time.Time{}, died: map[string]bool{},
	}
	s.apply(func(st *policy.State) {
		st.Campaigns["expo"] = policy.Campaign{From: now.Add(time.Hour), To: now.Add(2 * time.Hour), Capacity: 2}
	})
	k := newKeeper(Deps{Policy: s, Queue: s, Depth: 100, Logger: slog.New(slog.DiscardHandler)}, s)
	ctx, stop := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { _ = k.Run(ctx) })
	t.Cleanup(func() { stop(); run.Wait() })
	synctest.Wait()
	return k, s
}

func wantCode(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("err = %v, want %v %s", err, kind, code)
	}
}

func enter(t *testing.T, k *Keeper, id task.ID) error {
	t.Helper()
	return k.Admit(t.Context(), "expo", "s", id, time.Hour)
}

func TestACampaignOpensAndClosesByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, s := keeper(t)
		err := enter(t, k, "a")
		wantCode(t, err, fault.Conflict, "campaign_not_open")
		if got := fault.As(err).RetryAfter; got != time.Hour {
			t.Errorf("come back in %v, want an hour", got)
		}
		if s.depthNow() != 100 {
			t.Errorf("depth = %d before", s.depthNow())
		}
		<-time.After(time.Hour - time.Nanosecond)
		wantCode(t, enter(t, k, "a"), fault.Conflict, "campaign_not_open")
		<-time.After(time.Nanosecond)
		synctest.Wait()
		if err := errors.Join(enter(t, k, "a"), enter(t, k, "b")); err != nil {
			t.Error(err)
		}
		wantCode(t, enter(t, k, "c"), fault.Unavailable, "campaign_full")
		if s.depthNow() != 102 {
			t.Errorf("depth = %d, want room for the campaign beside everybody", s.depthNow())
		}
		if err := errors.Join(k.Release(t.Context(), "expo", "s", "a"), enter(t, k, "c")); err != nil {
			t.Error(err)
		}
		<-time.After(time.Hour)
		synctest.Wait()
		wantCode(t, enter(t, k, "d"), fault.Gone, "campaign_over")
		if s.depthNow() != 100 {
			t.Errorf("depth = %d afterwards", s.depthNow())
		}
	})
}

func TestTheSlotsOfACampaignAreThereBeforeItsCrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, s := keeper(t)
		if n := s.slotsNow("expo"); n != 2 {
			t.Errorf("%d slots of a planned campaign", n)
		}
		s.apply(func(st *policy.State) {
			c := st.Campaigns["expo"]
			c.Capacity = 3
			st.Campaigns["expo"] = c
		})
		synctest.Wait()
		if n := s.slotsNow("expo"); n != 3 {
			t.Errorf("%d slots of a larger one", n)
		}
		s.apply(func(st *policy.State) { delete(st.Campaigns, "expo") })
		synctest.Wait()
		if n := s.slotsNow("expo"); n != 0 {
			t.Errorf("%d slots of the only campaign, which was taken back", n)
		}
	})
}

func TestACampaignThatGoesOnHasItsSlotsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, s := keeper(t)
		<-time.After(90 * time.Minute)
		end := func(at *time.Time) {
			s.apply(func(st *policy.State) {
				c := st.Campaigns["expo"]
				c.EndedAt = at
				st.Campaigns["expo"] = c
			})
			synctest.Wait()
		}
		now := time.Now()
		end(&now)
		if n := s.slotsNow("expo"); n != 0 {
			t.Errorf("%d slots after the end", n)
		}
		end(nil) // the end is undone
		if err := enter(t, k, "a"); err != nil {
			t.Error(err)
		}
	})
}

func TestAnOperatorEndsACampaignAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, s := keeper(t)
		<-time.After(90 * time.Minute)
		if err := enter(t, k, "a"); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		s.apply(func(st *policy.State) {
			c := st.Campaigns["expo"]
			c.EndedAt = &now
			st.Campaigns["expo"] = c
		})
		synctest.Wait()
		wantCode(t, enter(t, k, "b"), fault.Gone, "campaign_over")
		if s.depthNow() != 100 {
			t.Errorf("depth = %d", s.depthNow())
		}
		s.apply(func(st *policy.State) { delete(st.Campaigns, "expo") })
		synctest.Wait()
		wantCode(t, enter(t, k, "b"), fault.Unprocessable, "campaign_unknown")
	})
}

func TestAnEngineThatIsAwayIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, s := keeper(t)
		s.mu.Lock()
		s.fails = 3
		s.mu.Unlock()
		<-time.After(time.Hour + 3*retryEvery)
		synctest.Wait()
		if s.depthNow() != 102 {
			t.Errorf("depth = %d", s.depthNow())
		}
	})
}

func TestAFullCampaignLooksForSlotsThatNobodyNeedsNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, s := keeper(t)
		<-time.After(time.Hour)
		if err := errors.Join(enter(t, k, "a"), enter(t, k, "b")); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			wantCode(t, enter(t, k, "c"), fault.Unavailable, "campaign_full")
		}
		if s.sweeps != 1 {
			t.Errorf("%d sweeps for ten refusals at once", s.sweeps)
		}
		s.died["a"] = true
		<-time.After(slotGrace)
		if err := enter(t, k, "c"); err != nil {
			t.Error(err)
		}
	})
}

func TestEverybodyElseDoesNotTakeTheRoomOfACampaign(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, s := keeper(t)
		s.backlog = 100 // the queue itself refuses now
		if err := k.AdmitOther(t.Context()); err != nil {
			t.Error(err)
		}
		<-time.After(time.Hour)
		if err := enter(t, k, "a"); err != nil {
			t.Fatal(err)
		}
		s.backlog = 100 // 99 of them are of everybody else
		if err := k.AdmitOther(t.Context()); err != nil {
			t.Error(err)
		}
		wantCode(t, k.AdmitOther(t.Context()), fault.Unavailable, "queue_full")
		s.backlog = 50
		<-time.After(countEvery)
		if err := k.AdmitOther(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAnEngineThatDoesNotCountIsNotAskedByEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k, s := keeper(t)
		<-time.After(time.Hour)
		s.backlog, s.lost = 100, true
		for range 20 {
			if err := k.AdmitOther(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if s.counts != 1 {
			t.Errorf("%d counts for twenty tasks at once", s.counts)
		}
		s.lost = false
		<-time.After(countEvery)
		wantCode(t, k.AdmitOther(t.Context()), fault.Unavailable, "queue_full")
	})
}

// Three gateways that count at the same moment do not give away three times what is
// free: the rest of the queue is a campaign's.
func TestGatewaysTogetherLeaveACampaignItsRoom(t *testing.T) {
	t.Parallel()
	const depth, free = 1000, 100
	used := int64(depth - free)
	count := func(context.Context) (int64, error) { return used, nil }
	var gateways [3]others
	for range depth {
		for i := range gateways {
			if gateways[i].admit(t.Context(), depth, count) {
				used++
			}
		}
	}
	if used > depth+int64(len(gateways)) || used < depth {
		t.Errorf("%d tasks of no campaign where %d fit", used, depth)
	}
}
