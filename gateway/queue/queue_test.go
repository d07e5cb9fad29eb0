package queue

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAnAcceptedJobImpliesItsRecord(t *testing.T) {
	t.Parallel()
	q, j := openQueue(t), newJob(newSession())
	seq := submit(t, q, j)
	r, rev, err := q.Lookup(t.Context(), j.Session, j.ID)
	if err != nil || rev != 0 {
		t.Fatalf("lookup: revision %d, err %v", rev, err)
	}
	if r.Version != 1 || r.State != task.Queued || r.Event != task.EventQueued || r.BodyHash != j.BodyHash {
		t.Errorf("implied record = %+v", r)
	}
	got, at, err := q.Job(t.Context(), j.Session, j.ID)
	if err != nil || at != seq || got.Network != j.Network || !got.Deadline.Equal(j.Deadline) {
		t.Errorf("job = %+v at %d, err %v", got, at, err)
	}
}

func TestTheSameMessageIsADuplicateAlsoAfterItsJobEnded(t *testing.T) {
	t.Parallel()
	q, j := openQueue(t), newJob(newSession())
	seq := submit(t, q, j)
	if again, dup, err := q.Submit(t.Context(), j, string(j.ID)); err != nil || !dup || again != seq {
		t.Fatalf("second submit: seq %d, duplicate %v, err %v", again, dup, err)
	}
	leader := lead(t, q, 8)
	if err := leader.next(t).Ack(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the job is gone", func() bool { n, err := q.Backlog(t.Context()); return err == nil && n == 0 })
	if _, dup, err := q.Submit(t.Context(), j, string(j.ID)); err != nil || !dup {
		t.Errorf("submit after the end: duplicate %v, err %v", dup, err)
	}
	if _, dup, err := q.Submit(t.Context(), j, "another"); err != nil || dup {
		t.Errorf("under a new message id: duplicate %v, err %v", dup, err)
	}
}

func TestAFullQueueRefusesAndSaysWhenToReturn(t *testing.T) {
	t.Parallel()
	q := openOn(t, openEngine(t), 2)
	for range 2 {
		submit(t, q, newJob(newSession()))
	}
	extra := newJob(newSession())
	_, _, err := q.Submit(t.Context(), extra, string(extra.ID))
	f := fault.As(err)
	if f == nil || f.Kind != fault.Unavailable || f.Code != fault.QueueFull || f.RetryAfter < time.Second {
		t.Fatalf("third submit: %v", err)
	}
	if err := q.SetDepth(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	submit(t, q, extra)
}

func TestDepthChangesWhileOthersUseTheQueue(t *testing.T) {
	t.Parallel()
	q := openOn(t, openEngine(t), 1000)
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			for n := range 20 {
				j := newJob(newSession())
				submit(t, q, j)
				if _, _, err := q.Lookup(t.Context(), j.Session, j.ID); err != nil {
					t.Errorf("lookup: %v", err)
				}
				if i == 0 {
					if err := q.SetDepth(t.Context(), int64(500+n)); err != nil {
						t.Errorf("set depth: %v", err)
					}
				}
			}
		})
	}
	work.Wait()
}

func TestNobodyIsNotFound(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s, id := newSession(), task.ID(task.NewID())
	if _, _, err := q.Lookup(t.Context(), s, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("lookup: %v", err)
	}
	if _, _, err := q.Job(t.Context(), s, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("job: %v", err)
	}
	if _, err := q.Follow(t.Context(), s, id, 0, false); fault.KindOf(err) != fault.NotFound {
		t.Errorf("follow: %v", err)
	}
	if _, err := q.Find(t.Context(), id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("find: %v", err)
	}
	if existed, err := q.Erase(t.Context(), s, id); existed || err != nil {
		t.Errorf("erase: existed %v, err %v", existed, err)
	}
}

func TestALostRaceIsAConflict(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s := begin(t, q)
	stale := *s.rec
	s.to(task.Running, task.EventProgress)
	if err := stale.To(task.Canceled, ""); err != nil {
		t.Fatal(err)
	}
	_, err := q.Write(t.Context(), &stale, 0)
	if f := fault.As(err); f == nil || f.Kind != fault.Conflict || f.Code != fault.RevisionConflict {
		t.Fatalf("stale write: %v", err)
	}
	r, rev, err := q.Lookup(t.Context(), s.rec.Session, s.rec.ID)
	if err != nil || rev != s.rev || r.State != task.Running || r.Version != 2 {
		t.Errorf("stored: %+v at %d, err %v", r, rev, err)
	}
}

func TestManyWritersLoseNoUpdate(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s := begin(t, q)
	const writers, each = 8, 5
	var work sync.WaitGroup
	for range writers {
		work.Go(func() {
			for done := 0; done < each; {
				r, rev, err := q.Lookup(t.Context(), s.rec.Session, s.rec.ID)
				if err != nil {
					t.Errorf("lookup: %v", err)
					return
				}
				_ = r.To(task.Running, task.EventProgress)
				switch _, err := q.Write(t.Context(), r, rev); {
				case err == nil:
					done++
				case fault.KindOf(err) != fault.Conflict:
					t.Errorf("write: %v", err)
					return
				}
			}
		})
	}
	work.Wait()
	if r, _, err := q.Lookup(t.Context(), s.rec.Session, s.rec.ID); err != nil || r.Version != 1+writers*each {
		t.Errorf("version %d, want %d (err %v)", r.Version, 1+writers*each, err)
	}
}

func TestARecordExpires(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	r := newJob(newSession()).Accepted()
	r.ExpiresAt = time.Now().Add(300 * time.Millisecond)
	if _, err := q.Write(t.Context(), r, 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the record expires", func() bool {
		_, _, err := q.Lookup(t.Context(), r.Session, r.ID)
		return fault.KindOf(err) == fault.NotFound && err != nil
	})
	if _, err := q.Write(t.Context(), r, 0); err != nil {
		t.Errorf("an expired record leaves something behind: %v", err)
	}
}

func TestListsOfASession(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s, other := begin(t, q), begin(t, q)
	s.to(task.Running, task.EventProgress)
	waiting := newJob(s.rec.Session)
	submit(t, q, waiting)
	cached := newJob(s.rec.Session).Accepted()
	_ = cached.To(task.Succeeded, "")
	if _, err := q.Write(t.Context(), cached, 0); err != nil {
		t.Fatal(err)
	}
	ids, err := q.Tasks(t.Context(), s.rec.Session)
	want := []task.ID{s.rec.ID, waiting.ID, cached.ID}
	slices.Sort(ids)
	slices.Sort(want)
	if err != nil || !slices.Equal(ids, want) {
		t.Errorf("tasks = %v, want %v (err %v)", ids, want, err)
	}
	for _, id := range append(want, other.rec.ID) {
		owner, err := q.Find(t.Context(), id)
		if err != nil || (owner == s.rec.Session) != slices.Contains(want, id) {
			t.Errorf("owner of %s = %s, err %v", id, owner, err)
		}
	}
}

func TestRecentGivesEachTaskOnceNewestFirst(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	a, b, gone := begin(t, q), begin(t, q), begin(t, q)
	waiting := newJob(newSession())
	submit(t, q, waiting)
	a.runTo(4)
	b.runTo(3)
	a.to(task.Succeeded, "")
	if _, err := q.Erase(t.Context(), gone.rec.Session, gone.rec.ID); err != nil {
		t.Fatal(err)
	}
	rs, _, err := q.Recent(t.Context(), Search{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rs {
		got = append(got, string(r.ID)+"@"+strconv.FormatUint(r.Version, 10))
	}
	want := []string{string(a.rec.ID) + "@5", string(b.rec.ID) + "@3", string(waiting.ID) + "@1"}
	if !slices.Equal(got, want) {
		t.Errorf("recent = %v, want %v", got, want)
	}
	if rs, _, err := q.Recent(t.Context(), Search{Limit: 1}); err != nil || len(rs) != 1 || rs[0].ID != a.rec.ID {
		t.Errorf("recent 1 = %v, err %v", rs, err)
	}
}

func TestASearchGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	a, b := begin(t, q), begin(t, q)
	a.runTo(2)
	b.runTo(2)
	first, next, err := q.Recent(t.Context(), Search{Limit: 1})
	if err != nil || len(first) != 1 || first[0].ID != b.rec.ID || next == 0 {
		t.Fatalf("first = %v, next %d, err %v", first, next, err)
	}
	b.runTo(3) // it has stood in the list, and its older revisions are no others
	rest, end, err := q.Recent(t.Context(), Search{Limit: 10, Before: next})
	if err != nil || len(rest) != 1 || rest[0].ID != a.rec.ID || end != 0 {
		t.Errorf("rest = %v, next %d, err %v", rest, end, err)
	}
	if got, _, err := q.Recent(t.Context(), Search{Limit: 10, Keep: func(r *task.Record) bool { return r.ID == a.rec.ID }}); err != nil || len(got) != 1 {
		t.Errorf("kept = %v, err %v", got, err)
	}
	if got, _, err := q.Recent(t.Context(), Search{Limit: 10, Since: time.Now().Add(time.Minute)}); err != nil || len(got) != 0 {
		t.Errorf("of the future = %v, err %v", got, err)
	}
}

func TestEraseLeavesNothingButATombstone(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s := begin(t, q)
	s.runTo(5)
	s.to(task.Succeeded, "")
	existed, err := q.Erase(t.Context(), s.rec.Session, s.rec.ID)
	if err != nil || !existed {
		t.Fatalf("erase: existed %v, err %v", existed, err)
	}
	r, rev, err := q.Lookup(t.Context(), s.rec.Session, s.rec.ID)
	if err != nil || !r.Deleted || !r.Charged || r.Version != 7 || r.BodyHash != "" || r.Fingerprint != "" {
		t.Fatalf("tombstone = %+v, err %v", r, err)
	}
	left, err := q.replay(t.Context(), s.rec.Session, s.rec.ID, 0)
	if err != nil || len(left) != 0 {
		t.Errorf("history left: %v, err %v", left, err)
	}
	next := *s.rec
	next.Version++
	if _, err := q.Write(t.Context(), &next, s.rev); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a writer that did not know: %v", err)
	}
	if existed, err := q.Erase(t.Context(), s.rec.Session, s.rec.ID); existed || err != nil {
		t.Errorf("again: existed %v, err %v", existed, err)
	}
	if _, again, _ := q.Lookup(t.Context(), s.rec.Session, s.rec.ID); again != rev {
		t.Errorf("the second erasure wrote something")
	}
}

func TestEraseOfAWaitingJobNeedsNoRecord(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s := begin(t, q)
	if existed, err := q.Erase(t.Context(), s.rec.Session, s.rec.ID); err != nil || !existed {
		t.Fatalf("erase: existed %v, err %v", existed, err)
	}
	if r, _, err := q.Lookup(t.Context(), s.rec.Session, s.rec.ID); err != nil || !r.Deleted || r.Charged {
		t.Errorf("the job outlives its tombstone: %+v, err %v", r, err)
	}
}

func TestEraseWinsEveryRace(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	for range 5 {
		s := begin(t, q)
		ctx, stop := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for ctx.Err() == nil {
					r, rev, err := q.Lookup(ctx, s.rec.Session, s.rec.ID)
					if err != nil || r.To(task.Running, task.EventProgress) != nil {
						return // tombstones move no more
					}
					_, _ = q.Write(ctx, r, rev)
				}
			})
		}
		if existed, err := q.Erase(t.Context(), s.rec.Session, s.rec.ID); err != nil || !existed {
			t.Errorf("erase: existed %v, err %v", existed, err)
		}
		stop()
		writers.Wait()
		left, err := q.replay(t.Context(), s.rec.Session, s.rec.ID, 0)
		if r, _, lookupErr := q.Lookup(t.Context(), s.rec.Session, s.rec.ID); lookupErr != nil || !r.Deleted || err != nil || len(left) != 0 {
			t.Fatalf("after the race: %+v, history %d, err %v %v", r, len(left), lookupErr, err)
		}
	}
}

func TestTrimKeepsTheLastRevision(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	s := begin(t, q)
	s.runTo(4)
	s.to(task.Failed, "")
	if err := q.Trim(t.Context(), s.rec.Session, s.rec.ID); err != nil {
		t.Fatal(err)
	}
	left, err := q.replay(t.Context(), s.rec.Session, s.rec.ID, 0)
	if err != nil || len(left) != 1 || left[0].Version != 5 {
		t.Errorf("left %v, err %v", left, err)
	}
}

func TestEveryPositionIsAnUpperBound(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	if p := q.Estimate(3); p != nil {
		t.Errorf("a position while nobody dispatches: %v", p)
	}
	l := Load{At: time.Now(), Delivered: 10, Waiting: 4, Running: 2, Capacity: 2, P50: 2, P90: 3, Mean: 2}
	eventually(t, "the load arrives", func() bool { // the first may come before the subscription
		return q.PublishLoad(l) == nil && q.Load() != nil
	})
	for seq, want := range map[uint64]int{8: 5, 10: 5, 11: 5, 12: 6, 20: 14} {
		if p := q.Estimate(seq); p == nil || p.Position != want {
			t.Errorf("position of %d = %v, want %d", seq, p, want)
		}
	}
	l.At = time.Now().Add(-2 * loadStale)
	eventually(t, "a stale load is no load", func() bool { return q.PublishLoad(l) == nil && q.Load() == nil })
}

func TestAPositionBecomesATime(t *testing.T) {
	t.Parallel()
	l := Load{Running: 1, Capacity: 4, P50: 2, P90: 3, Mean: 2}
	for n, want := range map[int]task.Position{
		1: {Position: 1, P50: 2, P90: 3}, 3: {Position: 3, P50: 2, P90: 3},
		4: {Position: 4, P50: 4, P90: 5.5}, 7: {Position: 7, P50: 4, P90: 5.5}, 8: {Position: 8, P50: 6, P90: 8},
	} {
		if got := l.Position(n); got != want {
			t.Errorf("%d: %+v, want %+v", n, got, want)
		}
	}
	if got := (&Load{P50: 1, P90: 2, Mean: 1}).Position(3); got.P50 != 4 {
		t.Errorf("without any worker: %+v", got)
	}
}

func TestCancelSignalsArrive(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	got := make(chan task.ID, 64)
	stop, err := q.Cancels(func(_ task.SessionID, id task.ID) { got <- id })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	id := task.ID(task.NewID())
	if err := q.SignalCancel(newSession(), id); err != nil {
		t.Fatal(err)
	}
	if x := within(t, got, "a signal arrives"); x != id {
		t.Errorf("canceled %s", x)
	}
}
