package campaign

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	realqueue "github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const patience = 20 * time.Second

func openEngine(t testing.TB, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: dir, Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// gateway is the campaigns of one gateway on a real engine, and its queue.
type gateway struct {
	*slots
	queue *realqueue.Queue
}

func openOn(t testing.TB, e *engine.Engine) *gateway {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	q, err := realqueue.Open(t.Context(), e, 0, log, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &gateway{newSlots(e.Sets(slotsStream, slotsSubject), q, log), q}
}

func openGateway(t testing.TB) *gateway {
	t.Helper()
	return openOn(t, openEngine(t, t.TempDir()))
}

func (g *gateway) makeSlots(t testing.TB, n int64) {
	t.Helper()
	if err := g.open(t.Context(), "expo", n); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) taken(t testing.TB) int64 {
	t.Helper()
	n, err := g.sets.Len(t.Context(), "expo")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (g *gateway) enter(t testing.TB, id task.ID) error {
	t.Helper()
	return g.take(t.Context(), "expo", slotID{"s", id}, time.Hour, 0)
}

func (g *gateway) release(t testing.TB, id task.ID) error {
	t.Helper()
	return g.sets.Remove(t.Context(), "expo", slotID{"s", id}.key())
}

func wantFull(t testing.TB, err error) {
	t.Helper()
	if fault.KindOf(err) != fault.Unavailable || fault.CodeOf(err) != fault.CampaignFull || fault.As(err).RetryAfter <= 0 {
		t.Errorf("err = %v, want campaign_full and when to return", err)
	}
}

func TestACampaignHasSoManySlotsAndNoMore(t *testing.T) {
	t.Parallel()
	q := openGateway(t)
	if n := q.taken(t); n != 0 {
		t.Errorf("%d slots of a campaign that has none", n)
	}
	if err := q.release(t, "nobody"); err != nil {
		t.Error(err)
	}
	q.makeSlots(t, 2)
	for _, id := range []task.ID{"a", "b", "a", "b"} { // a task has one slot, however often it asks
		if err := q.enter(t, id); err != nil {
			t.Fatal(err)
		}
	}
	wantFull(t, q.enter(t, "c"))
	if err := errors.Join(q.release(t, "a"), q.release(t, "a")); err != nil {
		t.Fatal(err)
	}
	if err := q.enter(t, "c"); err != nil {
		t.Error(err)
	}
	wantFull(t, q.enter(t, "a"))
	q.makeSlots(t, 3)
	if err := q.enter(t, "a"); err != nil {
		t.Error(err)
	}
	q.makeSlots(t, 1) // those that are taken stay
	wantFull(t, q.enter(t, "d"))
	if n := q.taken(t); n != 3 {
		t.Errorf("%d slots taken, want 3", n)
	}
}

func TestManyAtOnceOnTwoGatewaysTakeExactlyWhatThereIs(t *testing.T) {
	t.Parallel()
	e := openEngine(t, t.TempDir())
	gateways := []*gateway{openOn(t, e), openOn(t, e)}
	gateways[0].makeSlots(t, 20)
	var got atomic.Int64
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			if err := gateways[i%2].enter(t, task.ID(fmt.Sprint("t", i))); err == nil {
				got.Add(1)
			} else {
				wantFull(t, err)
			}
		})
	}
	all.Wait()
	if got.Load() != 20 || gateways[1].taken(t) != 20 {
		t.Errorf("%d entered, %d are counted, want 20", got.Load(), gateways[1].taken(t))
	}
}

func TestSlotsAreCountedOverARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() (*engine.Engine, *gateway) {
		e := openEngine(t, dir)
		return e, openOn(t, e)
	}
	e, q := open()
	q.makeSlots(t, 2)
	if err := errors.Join(q.enter(t, "a"), q.enter(t, "b")); err != nil {
		t.Fatal(err)
	}
	e.Close()
	_, q = open()
	q.makeSlots(t, 2)
	wantFull(t, q.enter(t, "c"))
	if err := errors.Join(q.release(t, "a"), q.enter(t, "c")); err != nil {
		t.Error(err)
	}
}

func TestSlotsOfTasksThatNeverCameToBeAreSwept(t *testing.T) {
	t.Parallel()
	q := openGateway(t)
	q.grace = 0
	q.makeSlots(t, 3)
	now := time.Now()
	j := &task.Job{ID: task.ID(task.NewID()), Session: task.SessionID(task.NewID()), CreatedAt: now, Deadline: now.Add(time.Minute), ExpiresAt: now.Add(time.Hour)}
	if _, _, err := q.queue.Submit(t.Context(), j, string(j.ID)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(q.enter(t, j.ID), q.enter(t, "died"), q.enter(t, "too")); err != nil {
		t.Fatal(err)
	}
	if n := q.sweep(t.Context(), "expo"); n != 2 {
		t.Errorf("swept %d, want 2", n)
	}
	if n := q.taken(t); n != 1 {
		t.Errorf("%d slots taken, want that of the live task", n)
	}
	q.grace = time.Hour // an accept may be under way
	if err := q.enter(t, "young"); err != nil {
		t.Fatal(err)
	}
	if n := q.sweep(t.Context(), "expo"); n != 0 {
		t.Errorf("swept %d young ones", n)
	}
}

func TestASlotOutlivesNoTask(t *testing.T) {
	t.Parallel()
	q := openGateway(t)
	q.makeSlots(t, 1)
	if err := q.take(t.Context(), "expo", slotID{"s", "a"}, time.Second, 0); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); q.enter(t, "b") != nil; {
		if time.Now().After(end) {
			t.Fatal("the slot is taken for ever")
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // the engine announces no expiry
	}
}

func TestEmptySlotsOfPastCampaignsAreDropped(t *testing.T) {
	t.Parallel()
	q := openGateway(t)
	q.makeSlots(t, 1)
	if err := q.open(t.Context(), "kept", 1); err != nil {
		t.Fatal(err)
	}
	keep := func(name string) bool { return name == "kept" }
	exists := func(name string) bool { // without its set a campaign has nobody to ask
		err := q.sets.Add(t.Context(), name, "probe", time.Minute)
		if err == nil {
			err = q.sets.Remove(t.Context(), name, "probe")
		}
		return err == nil || errors.Is(err, engine.ErrFull)
	}
	if err := q.drop(t.Context(), keep); err != nil || !exists("expo") {
		t.Errorf("new slots were dropped: %v", err)
	}
	q.unused = 0
	if err := q.enter(t, "a"); err != nil {
		t.Fatal(err)
	}
	if err := q.drop(t.Context(), keep); err != nil || !exists("expo") {
		t.Errorf("slots in use were dropped: %v", err)
	}
	if err := errors.Join(q.release(t, "a"), q.drop(t.Context(), keep)); err != nil || exists("expo") || !exists("kept") {
		t.Errorf("empty slots were kept, or others dropped: %v", err)
	}
	if n := q.taken(t); n != 0 {
		t.Errorf("%d taken of none", n)
	}
	if err := q.release(t, "a"); err != nil {
		t.Error(err)
	}
	q.makeSlots(t, 1) // the campaign goes on
	if err := q.enter(t, "a"); err != nil {
		t.Error(err)
	}
}

// A task that was deleted keeps its slot until its call has ended, and its session
// may send another meanwhile.
func TestASessionHasOnlySoManySlots(t *testing.T) {
	t.Parallel()
	e := openEngine(t, t.TempDir())
	gateways := []*gateway{openOn(t, e), openOn(t, e)}
	for _, g := range gateways {
		g.makeSlots(t, 50)
	}
	const most = 3
	var in atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			id := slotID{"greedy", task.ID(fmt.Sprint(i))}
			err := gateways[i%2].take(t.Context(), "expo", id, time.Hour, most)
			if err == nil {
				in.Add(1)
			} else if fault.CodeOf(err) != fault.TooManyActive || fault.As(err).RetryAfter <= 0 {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := in.Load(); n > most || gateways[0].taken(t) != n {
		t.Errorf("%d let in, %d slots taken", n, gateways[0].taken(t))
	}
	for i := range 2 * most { // one after the other, up to the limit
		_ = gateways[i%2].take(t.Context(), "expo", slotID{"greedy", task.ID(fmt.Sprint("later", i))}, time.Hour, most)
	}
	if n := gateways[0].taken(t); n != most {
		t.Errorf("%d slots taken, want %d", n, most)
	}
	if err := gateways[0].take(t.Context(), "expo", slotID{"other", "x"}, time.Hour, most); err != nil {
		t.Errorf("another session: %v", err)
	}
}
