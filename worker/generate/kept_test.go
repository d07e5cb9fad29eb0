package generate

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/spool"
)

// away is a store that takes nothing until it is back. It refuses as a bucket
// whose quota is used up does.
type away struct {
	back  atomic.Bool
	asked chan struct{}
}

func newAway() *away { return &away{asked: make(chan struct{}, 1024)} }

func (a *away) refuse(method, _ string) int {
	if method != http.MethodPut || a.back.Load() {
		return 0
	}
	a.asked <- struct{}{}
	return http.StatusForbidden
}

// spoolOf opens a spool for one worker.
func spoolOf(t *testing.T, dir string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(spool.Config{Dir: dir, Most: 64 << 20}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func spooled(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// within is the attempt whose picture is wanted for so long.
func within(a workerrpc.Attempt, d time.Duration) workerrpc.Attempt {
	a.StoreWithin = d
	return a
}

// follow runs an attempt and gives what it says.
func (b *bench) follow(t *testing.T, a workerrpc.Attempt) <-chan workerrpc.Update {
	t.Helper()
	updates := make(chan workerrpc.Update, 1024)
	go func() {
		defer close(updates)
		_ = b.worker.Generate(context.WithoutCancel(t.Context()), a, func(u workerrpc.Update) error {
			updates <- u
			return nil
		})
	}()
	return updates
}

// until reads what an attempt says up to what is wanted.
func until(t *testing.T, updates <-chan workerrpc.Update, what string, wanted func(workerrpc.Update) bool) (u workerrpc.Update) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case u, more := <-updates:
			if !more {
				t.Fatalf("it ended before %s", what)
			}
			if wanted(u) {
				return u
			}
		case <-timeout:
			t.Fatalf("never: %s", what)
		}
	}
}

func isKept(u workerrpc.Update) bool   { return u.Kept != task.KeptNowhere }
func hasEnded(u workerrpc.Update) bool { return u.Outcome != nil }

// The time of the call is over long before the store is back.
func TestAPaidPictureIsStoredHoweverLateTheStoreIsBack(t *testing.T) {
	t.Parallel()
	dir, store := filepath.Join(t.TempDir(), "spool"), newAway()
	b := setUp(t, func(c *Config, p *Parts) { p.Spool, c.StoreWithin = spoolOf(t, dir), 50*time.Millisecond })
	b.shelf.refuse = store.refuse
	a := within(b.attempt(1), time.Minute)
	a.Timeout = 200 * time.Millisecond
	updates := b.follow(t, a)
	if u := until(t, updates, "it is kept", isKept); u.Kept != task.KeptSpool || spooled(t, dir) != 1 {
		t.Errorf("kept in %s, %d in the spool", u.Kept, spooled(t, dir))
	}
	for range 8 { // well past the timeout
		<-store.asked
	}
	store.back.Store(true)
	if o := until(t, updates, "it ends", hasEnded).Outcome; o.Result != task.OK || b.shelf.get("/1.jpg") == nil || b.shelf.get("/1.json") == nil {
		t.Errorf("outcome %+v", o)
	}
	if n := b.stub.calls.Load(); n != 1 || spooled(t, dir) != 0 {
		t.Errorf("the vendor was asked %d times, %d are in the spool", n, spooled(t, dir))
	}
}

// A worker that dies leaves its picture. The next one at the spool names it,
// and stores it where the gateway says now, without asking the vendor.
func TestThePictureOfADeadWorkerIsStoredByTheNext(t *testing.T) {
	t.Parallel()
	dir, store := filepath.Join(t.TempDir(), "spool"), newAway()
	first := spoolOf(t, dir)
	b := setUp(t, func(_ *Config, p *Parts) { p.Spool = first })
	b.shelf.refuse = store.refuse
	until(t, b.follow(t, within(b.attempt(1), time.Minute)), "it is kept", isKept)
	first.Close() // its locks end with it

	next := setUp(t, func(c *Config, p *Parts) { p.Spool, c.Capacity = spoolOf(t, dir), 1 })
	name := workerrpc.SpoolName(b.attempt(1).Task, 1)
	if got := next.worker.Spooled(); len(got) != 1 || got[0] != name {
		t.Fatalf("it names %v", got)
	}
	again := within(next.attempt(1), time.Minute)
	again.AttachOnly = true
	again.ImageURL, again.BrandMark = next.shelf.URL+"/elsewhere.jpg", "fair"
	o, updates, err := next.generate(t.Context(), again)
	if err != nil || o.Result != task.OK || o.PriceFen != 20 || o.RequestID != "r-1" || next.shelf.get("/elsewhere.jpg") == nil || next.shelf.get("/1.json") == nil {
		t.Errorf("outcome %+v, %v, stored %v", o, err, next.shelf.writes())
	}
	if len(updates) == 0 || updates[0].Kept != task.KeptSpool {
		t.Errorf("it says %+v", updates)
	}
	if n := next.stub.calls.Load(); n != 0 || spooled(t, dir) != 0 || len(next.worker.Spooled()) != 0 {
		t.Errorf("the vendor was asked %d times more, %d are in the spool, named %v", n, spooled(t, dir), next.worker.Spooled())
	}
}

func TestAPictureThatNobodyWantsLeavesTheSpool(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*bench, workerrpc.Attempt){
		"canceled": func(b *bench, a workerrpc.Attempt) { _ = b.worker.Cancel(context.Background(), a.Task, a.Number) },
		"expired":  func(*bench, workerrpc.Attempt) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, store := filepath.Join(t.TempDir(), "spool"), newAway()
			b := setUp(t, func(_ *Config, p *Parts) { p.Spool = spoolOf(t, dir) })
			b.shelf.refuse = store.refuse
			a := within(b.attempt(1), time.Minute)
			if name == "expired" {
				a.StoreWithin = time.Second
			}
			a.ManifestURL = ""
			updates := b.follow(t, a)
			until(t, updates, "it is kept", isKept)
			end(b, a)
			if o := until(t, updates, "it ends", hasEnded).Outcome; o.Result != task.Unknown || (o.Class == task.ClassCanceled) != (name == "canceled") {
				t.Errorf("outcome %+v", o)
			}
			for range updates {
			}
			b.idle(t)
			if n := spooled(t, dir); n != 0 {
				t.Errorf("%d are in the spool", n)
			}
		})
	}
}

// idle waits until no attempt runs.
func (b *bench) idle(t *testing.T) {
	t.Helper()
	select {
	case <-b.worker.runs.close():
	case <-time.After(10 * time.Second):
		t.Fatal("attempts go on")
	}
}

// One that was found is dropped when its task is canceled or erased.
func TestACancelDropsAPictureOfADeadWorker(t *testing.T) {
	t.Parallel()
	dir, store := filepath.Join(t.TempDir(), "spool"), newAway()
	first := spoolOf(t, dir)
	b := setUp(t, func(_ *Config, p *Parts) { p.Spool = first })
	b.shelf.refuse = store.refuse
	a := within(b.attempt(1), time.Minute)
	until(t, b.follow(t, a), "it is kept", isKept)
	first.Close()
	next := setUp(t, func(_ *Config, p *Parts) { p.Spool = spoolOf(t, dir) })
	if err := next.worker.Cancel(t.Context(), a.Task, a.Number); err != nil {
		t.Fatal(err)
	}
	a.AttachOnly = true
	if _, _, err := next.generate(t.Context(), a); fault.CodeOf(err) != fault.AttemptUnknown || spooled(t, dir) != 0 {
		t.Errorf("then: %v, %d in the spool", err, spooled(t, dir))
	}
}

func TestARefusedPictureLeavesTheSpool(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "spool")
	b := setUp(t, func(_ *Config, p *Parts) {
		p.Spool, p.Pixels = spoolOf(t, dir), judge{fault.New(fault.PictureRefused)}
	})
	o, _, err := b.generate(t.Context(), b.attempt(1))
	b.idle(t)
	if err != nil || o.Class != task.ClassContent || spooled(t, dir) != 0 {
		t.Errorf("outcome %+v, %v, %d in the spool", o, err, spooled(t, dir))
	}
}

// A worker that stops while the store is away leaves the picture to the next.
func TestAWorkerThatStopsLeavesItsPictures(t *testing.T) {
	t.Parallel()
	dir, store := filepath.Join(t.TempDir(), "spool"), newAway()
	b := setUp(t, func(_ *Config, p *Parts) { p.Spool = spoolOf(t, dir) })
	b.stub.make = func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
		return provider.Picture{Data: colours(t, 400, 300)}, nil
	}
	b.shelf.refuse = store.refuse
	ended := make(chan error, 1)
	kept := make(chan struct{})
	go func() {
		ended <- b.worker.Generate(context.WithoutCancel(t.Context()), within(b.attempt(1), time.Minute), func(u workerrpc.Update) error {
			if isKept(u) {
				close(kept)
			}
			return nil
		})
	}()
	<-kept
	stop, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_ = b.worker.Drain(stop)
	if err := <-ended; fault.CodeOf(err) != fault.AttemptUnknown {
		t.Errorf("its followers hear %v", err)
	}
	if next := spoolOf(t, dir).Found(); len(next) != 1 || b.shelf.get("/1.json") != nil {
		t.Errorf("the next worker finds %v, the manifest is %s", next, b.shelf.get("/1.json"))
	}
}

// Another gateway attaches while the picture waits: its addresses hold.
func TestAPictureGoesWhereItsGatewayIsNow(t *testing.T) {
	t.Parallel()
	store := newAway()
	b := setUp(t, nil)
	b.shelf.refuse = store.refuse
	a := within(b.attempt(1), time.Minute)
	until(t, b.follow(t, a), "it is kept", func(u workerrpc.Update) bool { return u.Kept == task.KeptMemory })
	other := newShelf(t)
	a.AttachOnly = true
	a.ImageURL, a.ThumbURL, a.ManifestURL = other.URL+"/1.jpg", other.URL+"/1.thumb.jpg", other.URL+"/1.json"
	o, _, err := b.generate(t.Context(), a)
	if err != nil || o.Result != task.OK || other.get("/1.jpg") == nil || other.get("/1.thumb.jpg") == nil || other.get("/1.json") == nil {
		t.Errorf("outcome %+v, %v, stored %v", o, err, other.writes())
	}
}

// Who is told that a call failed does not wait for a manifest that cannot be
// written.
func TestAFailureIsToldWithoutTheStore(t *testing.T) {
	t.Parallel()
	store := newAway()
	b := setUp(t, nil)
	b.shelf.refuse = store.refuse
	b.stub.make = failing(&provider.Failure{Outcome: task.FailedUnbilled, Class: task.ClassTransient})
	begun := time.Now()
	o, _, err := b.generate(t.Context(), b.attempt(1))
	if took := time.Since(begun); err != nil || o.Result != task.FailedUnbilled || took > b.worker.cfg.StoreWithin {
		t.Errorf("outcome %+v, %v after %v", o, err, took)
	}
}

// busy is what judges pictures, too busy for the first few.
type busy struct{ left atomic.Int32 }

func (b *busy) CheckPicture(context.Context, []byte) error {
	if b.left.Add(-1) >= 0 {
		return fault.New(fault.WorkerBusy)
	}
	return nil
}

func TestAPaidPictureIsJudgedAgainWhenTheJudgeIsBusy(t *testing.T) {
	t.Parallel()
	judge := new(busy)
	judge.left.Store(2)
	b := setUp(t, func(_ *Config, p *Parts) { p.Pixels = judge })
	if o, _, err := b.generate(t.Context(), within(b.attempt(1), time.Minute)); err != nil || o.Result != task.OK || b.stub.calls.Load() != 1 {
		t.Errorf("outcome %+v, %v", o, err)
	}
}
