package generate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/provider"
)

func TestAnAttemptLeavesALabelledPictureAThumbnailAndLastAManifest(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	o, updates, err := b.generate(t.Context(), b.attempt(1))
	if err != nil || o == nil {
		t.Fatalf("outcome %+v, err %v", o, err)
	}
	if o.Result != task.OK || o.Width != 400 || o.Height != 300 || o.ContentType != "image/jpeg" || o.PriceFen != 20 ||
		o.VendorTask != "v-1" || o.RequestID != "r-1" {
		t.Errorf("outcome = %+v", o)
	}
	if err := b.labels.Check(b.shelf.get("/1.jpg")); err != nil {
		t.Errorf("picture: %v", err)
	}
	if err := b.labels.Check(b.shelf.get("/1.thumb.jpg")); err != nil {
		t.Errorf("thumbnail: %v", err)
	}
	if int64(len(b.shelf.get("/1.jpg"))) != o.Bytes {
		t.Errorf("told %d bytes, stored %d", o.Bytes, len(b.shelf.get("/1.jpg")))
	}
	writes := b.shelf.writes()
	if len(writes) != 3 || writes[2] != "/1.json" {
		t.Errorf("writes = %v, want the manifest last", writes)
	}
	var manifest workerrpc.Outcome
	if err := json.Unmarshal(b.shelf.get("/1.json"), &manifest); err != nil || manifest != *o {
		t.Errorf("manifest = %+v, %v; want %+v", manifest, err, *o)
	}
	last, vendor := 0, ""
	for _, u := range updates {
		if u.Progress != 0 && u.Progress < last {
			t.Errorf("progress fell from %d to %d", last, u.Progress)
		}
		last = max(last, u.Progress)
		vendor += u.VendorTask
	}
	if last < 90 || last > 99 || vendor != "v-1" {
		t.Errorf("progress ended at %d, vendor task %q", last, vendor)
	}
}

func TestASecondCallAttachesAndALateOneGetsTheOutcome(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	release, started := make(chan struct{}), make(chan struct{})
	inner := b.stub.make
	b.stub.make = func(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
		close(started)
		<-release
		return inner(ctx, r, report)
	}
	var wg sync.WaitGroup
	outcomes := make([]*workerrpc.Outcome, 4) // the last one is late
	for i := range 3 {
		wg.Go(func() { outcomes[i], _, _ = b.generate(t.Context(), b.attempt(1)) })
	}
	<-started
	attach := b.attempt(1)
	attach.AttachOnly = true
	wg.Go(func() {
		if o, _, err := b.generate(t.Context(), attach); err != nil || o.Result != task.OK {
			t.Errorf("attach while it runs: %+v, %v", o, err)
		}
	})
	close(release)
	wg.Wait()
	var err error
	outcomes[3], _, err = b.generate(t.Context(), b.attempt(1))
	if err != nil || b.stub.calls.Load() != 1 {
		t.Errorf("the vendor was called %d times, err %v", b.stub.calls.Load(), err)
	}
	for i, o := range outcomes {
		if o == nil || *o != *outcomes[0] {
			t.Errorf("caller %d got %+v", i, o)
		}
	}
}

func TestAttachingToNothingIsNotFound(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	a := b.attempt(1)
	a.AttachOnly = true
	if _, _, err := b.generate(t.Context(), a); fault.KindOf(err) != fault.NotFound || fault.CodeOf(err) != fault.AttemptUnknown {
		t.Errorf("got %v", err)
	}
	a = b.attempt(1)
	a.Provider = "other"
	if _, _, err := b.generate(t.Context(), a); fault.CodeOf(err) != fault.ProviderNotServed {
		t.Errorf("got %v", err)
	}
	a = b.attempt(0)
	if _, _, err := b.generate(t.Context(), a); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	if b.stub.calls.Load() != 0 {
		t.Error("the vendor was called")
	}
}

func TestALostStreamDoesNotCancelTheAttempt(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	release, started := make(chan struct{}), make(chan struct{})
	inner := b.stub.make
	b.stub.make = func(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
		close(started)
		<-release
		if ctx.Err() != nil {
			t.Errorf("the call was canceled: %v", ctx.Err())
		}
		return inner(ctx, r, report)
	}
	ctx, lose := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, _, err := b.generate(ctx, b.attempt(1)); done <- err }()
	<-started
	lose()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the lost stream ended with %v", err)
	}
	close(release)
	a := b.attempt(1)
	a.AttachOnly = true
	if o, _, err := b.generate(t.Context(), a); err != nil || o.Result != task.OK {
		t.Errorf("attached: %+v, %v", o, err)
	}
}

func TestACancelReachesTheVendorAndHeartbeatsFlowMeanwhile(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	b.stub.make = func(ctx context.Context, _ provider.Request, _ func(provider.Progress)) (provider.Picture, error) {
		<-ctx.Done()
		return provider.Picture{}, &provider.Failure{Outcome: task.FailedUnbilled, Class: task.ClassCanceled, Err: ctx.Err()}
	}
	heartbeats := make(chan struct{}, 100)
	var outcome *workerrpc.Outcome
	done := make(chan error, 1)
	go func() {
		done <- b.worker.Generate(t.Context(), b.attempt(1), func(u workerrpc.Update) error {
			if u == (workerrpc.Update{}) {
				heartbeats <- struct{}{}
			}
			outcome = u.Outcome
			return nil
		})
	}()
	for range 3 {
		<-heartbeats
	}
	if err := b.worker.Cancel(t.Context(), b.attempt(1).Task, 1); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil || outcome == nil || outcome.Class != task.ClassCanceled || outcome.Result != task.FailedUnbilled {
		t.Errorf("outcome %+v, err %v", outcome, err)
	}
	if err := b.worker.Cancel(t.Context(), "unknown", 7); err != nil {
		t.Errorf("canceling what is not known: %v", err)
	}
}

func TestAFullWorkerRefusesAndSoDoesADrainingOne(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(c *Config, _ *Parts) { c.Capacity = 1 })
	release, started := make(chan struct{}), make(chan struct{})
	b.stub.make = func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
		close(started)
		<-release
		return provider.Picture{}, errors.New("whatever")
	}
	go func() { _, _, _ = b.generate(t.Context(), b.attempt(1)) }()
	<-started
	busy := func(n int) {
		o, _, err := b.generate(t.Context(), b.attempt(n))
		if err != nil || o.Result != task.NotSent || o.Class != task.ClassBusy {
			t.Errorf("attempt %d: %+v, %v; want not_sent/busy", n, o, err)
		}
	}
	busy(2)
	if got := b.worker.InFlight(); got != 1 {
		t.Errorf("in flight = %d", got)
	}
	drained := make(chan error, 1)
	go func() { drained <- b.worker.Drain(t.Context()) }()
	close(release)
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
	busy(3)
	if err := b.worker.Drain(t.Context()); err != nil {
		t.Errorf("draining twice: %v", err)
	}
}

func TestADrainThatTakesTooLongStopsTheAttempts(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	started, stopped := make(chan struct{}), make(chan struct{})
	b.stub.make = func(ctx context.Context, _ provider.Request, _ func(provider.Progress)) (provider.Picture, error) {
		close(started)
		<-ctx.Done()
		close(stopped)
		return provider.Picture{}, ctx.Err()
	}
	go func() { _, _, _ = b.generate(t.Context(), b.attempt(1)) }()
	<-started
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if err := b.worker.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("drain: %v", err)
	}
	<-stopped
}

// What the vendor has a name for goes on without this worker: no outcome is
// told or kept, so that another worker is sent to ask for it.
func TestAWorkerThatStopsLeavesNamedWorkToOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vendorTask string
		kept       bool
	}{"a job": {"job-1", false}, "a call": {"", true}} {
		b := setUp(t, nil)
		started := make(chan struct{})
		b.stub.make = func(ctx context.Context, _ provider.Request, report func(provider.Progress)) (provider.Picture, error) {
			report(provider.Progress{VendorTask: c.vendorTask})
			close(started)
			<-ctx.Done()
			return provider.Picture{}, &provider.Failure{Outcome: task.Unknown, Class: task.ClassCanceled, VendorTask: c.vendorTask, Err: ctx.Err()}
		}
		type end struct {
			outcome *workerrpc.Outcome
			err     error
		}
		ended := make(chan end, 1)
		go func() { o, _, err := b.generate(t.Context(), b.attempt(1)); ended <- end{o, err} }()
		<-started
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.worker.Drain(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: drain: %v", name, err)
		}
		e := <-ended
		if told := e.outcome != nil; told != c.kept || !told && fault.CodeOf(e.err) != fault.AttemptUnknown {
			t.Errorf("%s: told %+v, %v", name, e.outcome, e.err)
		}
		if manifest := b.shelf.get("/1.json"); (manifest != nil) != c.kept {
			t.Errorf("%s: the manifest is %s", name, manifest)
		}
	}
}

func TestFailuresSayWhatTheyCost(t *testing.T) {
	t.Parallel()
	refused := fault.New(fault.PictureRefused)
	for name, c := range map[string]struct {
		prepare  func(b *bench)
		pixels   checker
		result   task.Outcome
		class    task.Class
		manifest bool
	}{
		"the photo is gone": {func(b *bench) { delete(b.shelf.objects, "/photo") }, judge{}, task.NotSent, task.ClassInput, false},
		"the vendor refuses": {func(b *bench) {
			b.stub.make = failing(&provider.Failure{Outcome: task.Rejected, Class: task.ClassContent, Code: "bad"})
		}, judge{}, task.Rejected, task.ClassContent, true},
		"the vendor hangs": {func(b *bench) {
			b.stub.make = failing(context.DeadlineExceeded)
		}, judge{}, task.Unknown, task.ClassTimeout, true},
		"the driver panics": {func(b *bench) {
			b.stub.make = func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
				panic("oops")
			}
		}, judge{}, task.Unknown, task.ClassTransient, true},
		"the picture is refused": {nil, judge{refused}, task.Rejected, task.ClassContent, true},
		"the picture is rubbish": {func(b *bench) {
			b.stub.make = func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
				return provider.Picture{Data: []byte("rubbish")}, nil
			}
		}, judge{}, task.Unknown, task.ClassTransient, true},
		"the store refuses": {func(b *bench) {
			b.shelf.refuse = func(method, path string) int {
				if method == http.MethodPut && strings.HasSuffix(path, ".jpg") {
					return http.StatusForbidden
				}
				return 0
			}
		}, judge{}, task.Unknown, task.ClassNetwork, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, func(_ *Config, p *Parts) { p.Pixels = c.pixels })
			if c.prepare != nil {
				c.prepare(b)
			}
			o, _, err := b.generate(t.Context(), b.attempt(1))
			if err != nil || o.Result != c.result || o.Class != c.class {
				t.Errorf("outcome %+v, err %v; want %s/%s", o, err, c.result, c.class)
			}
			if got := b.shelf.get("/1.json") != nil; got != c.manifest {
				t.Errorf("manifest written: %v, want %v", got, c.manifest)
			}
		})
	}
}

func TestAStoreThatStumblesIsAskedAgain(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	stumbles := map[string]int{}
	b.shelf.refuse = func(method, path string) int {
		if stumbles[method+path]++; stumbles[method+path] == 1 {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	if o, _, err := b.generate(t.Context(), b.attempt(1)); err != nil || o.Result != task.OK {
		t.Errorf("outcome %+v, err %v", o, err)
	}
}

func TestAPaidPictureIsStoredEvenWhenItIsCanceledThen(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	inner := b.stub.make
	b.stub.make = func(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
		pic, err := inner(ctx, r, report)
		_ = b.worker.Cancel(ctx, b.attempt(1).Task, 1)
		return pic, err
	}
	if o, _, err := b.generate(t.Context(), b.attempt(1)); err != nil || o.Result != task.OK || b.shelf.get("/1.jpg") == nil {
		t.Errorf("outcome %+v, err %v", o, err)
	}
}

func TestStablePicturesAreRenderedOnce(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	raw := colours(t, 256, 256)
	b.stub.make = func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
		return provider.Picture{Data: raw, Stable: "fixed"}, nil
	}
	for n := 1; n <= 3; n++ {
		if o, _, err := b.generate(t.Context(), b.attempt(n)); err != nil || o.Result != task.OK {
			t.Fatalf("outcome %+v, err %v", o, err)
		}
	}
	if !bytes.Equal(b.shelf.get("/1.jpg"), b.shelf.get("/3.jpg")) || b.labels.Check(b.shelf.get("/2.jpg")) != nil {
		t.Error("stable pictures differ or are not labelled")
	}
}

func TestFinishedAttemptsAreForgottenInTime(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(c *Config, _ *Parts) { c.KeepAtMost = 2 })
	for n := 1; n <= 5; n++ {
		if _, _, err := b.generate(t.Context(), b.attempt(n)); err != nil {
			t.Fatal(err)
		}
	}
	a := b.attempt(1)
	a.AttachOnly = true
	if _, _, err := b.generate(t.Context(), a); fault.CodeOf(err) != fault.AttemptUnknown {
		t.Errorf("the oldest attempt: %v, want unknown", err)
	}
	a = b.attempt(5)
	a.AttachOnly = true
	if o, _, err := b.generate(t.Context(), a); err != nil || o.Result != task.OK {
		t.Errorf("the newest attempt: %+v, %v", o, err)
	}
}

func TestURLsStayOutOfErrors(t *testing.T) {
	t.Parallel()
	o := newObjects(false)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, url := range []string{"http://127.0.0.1:1/x?s=SECRET", "http://bad host/?s=SECRET", "ftp://127.0.0.1/SECRET"} {
		_, err := o.get(ctx, url, 10)
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%v", err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/elsewhere", http.StatusFound))
	defer s.Close()
	if _, err := newObjects(false).get(t.Context(), s.URL, 10); !errors.Is(err, errStatus(http.StatusFound)) {
		t.Errorf("got %v, want the redirect as an error", err)
	}
}
