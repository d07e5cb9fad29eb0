package campaign

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// stage plays the operator state and the queue.
type stage struct {
	mu      sync.Mutex
	state   *policy.State
	limits  policy.Limits
	changed chan struct{}
	depth   int64
	backlog uint64
	places  map[string]int64
	taken   map[string]map[task.ID]bool
	stale   int // places that a sweep finds
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

func (s *stage) OpenPlaces(_ context.Context, name string, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places[name] = n
	if s.taken[name] == nil {
		s.taken[name] = map[task.ID]bool{}
	}
	return nil
}

func (s *stage) TakePlace(_ context.Context, name string, id task.ID, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int64(len(s.taken[name])) >= s.places[name] {
		return fault.New(fault.CampaignFull)
	}
	s.taken[name][id] = true
	return nil
}

func (s *stage) LeavePlace(_ context.Context, name string, id task.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken[name], id)
	return nil
}

func (s *stage) PlacesTaken(_ context.Context, name string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.taken[name])), nil
}

func (s *stage) SweepPlaces(_ context.Context, name string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.stale
	s.places[name] += int64(n)
	s.stale = 0
	s.sweeps++
	return n, nil
}

func (s *stage) DropPlaces(_ context.Context, keep func(string) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.places {
		if !keep(name) && len(s.taken[name]) == 0 {
			delete(s.places, name)
		}
	}
	return nil
}

func (s *stage) placesNow(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.places[name]
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
		places: map[string]int64{}, taken: map[string]map[task.ID]bool{},
	}
	s.apply(func(st *policy.State) {
		st.Campaigns["expo"] = policy.Campaign{From: now.Add(time.Hour), To: now.Add(2 * time.Hour), Capacity: 2}
	})
	k := New(Deps{Policy: s, Queue: s, Depth: 100, Logger: slog.New(slog.DiscardHandler)})
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
	return k.Enter(t.Context(), "expo", id, time.Hour)
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
		if err := errors.Join(k.Leave(t.Context(), "expo", "a"), enter(t, k, "c")); err != nil {
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

func TestThePlacesOfACampaignAreThereBeforeItsCrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, s := keeper(t)
		if n := s.placesNow("expo"); n != 2 {
			t.Errorf("%d places of a planned campaign", n)
		}
		s.apply(func(st *policy.State) {
			c := st.Campaigns["expo"]
			c.Capacity = 3
			st.Campaigns["expo"] = c
		})
		synctest.Wait()
		if n := s.placesNow("expo"); n != 3 {
			t.Errorf("%d places of a larger one", n)
		}
		s.apply(func(st *policy.State) { delete(st.Campaigns, "expo") })
		synctest.Wait()
		if n := s.placesNow("expo"); n != 0 {
			t.Errorf("%d places of the only campaign, which was taken back", n)
		}
	})
}

func TestACampaignThatGoesOnHasItsPlacesAgain(t *testing.T) {
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
		if n := s.placesNow("expo"); n != 0 {
			t.Errorf("%d places after the end", n)
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

func TestAFullCampaignLooksForPlacesThatNobodyNeedsNowAndThen(t *testing.T) {
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
		s.stale = 1
		<-time.After(sweepEvery)
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
		if err := k.Others(t.Context()); err != nil {
			t.Error(err)
		}
		<-time.After(time.Hour)
		if err := enter(t, k, "a"); err != nil {
			t.Fatal(err)
		}
		s.backlog = 100 // 99 of them are of everybody else
		if err := k.Others(t.Context()); err != nil {
			t.Error(err)
		}
		wantCode(t, k.Others(t.Context()), fault.Unavailable, "queue_full")
		s.backlog = 50
		<-time.After(countEvery)
		if err := k.Others(t.Context()); err != nil {
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
			if err := k.Others(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if s.counts != 1 {
			t.Errorf("%d counts for twenty tasks at once", s.counts)
		}
		s.lost = false
		<-time.After(countEvery)
		wantCode(t, k.Others(t.Context()), fault.Unavailable, "queue_full")
	})
}
