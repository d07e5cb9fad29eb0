package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const patience = 20 * time.Second

// inspectors answer by address.
type inspectors struct {
	mu    sync.Mutex
	asked []string
	fails map[string]error
}

func (i *inspectors) Inspect(_ context.Context, addr string, _ workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, addr)
	return workerrpc.Inspected{Width: 1}, i.fails[addr]
}

func open(t *testing.T, e *engine.Engine, call caller) *Fleet {
	t.Helper()
	f, err := Open(t.Context(), e, call, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

func openEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func beat(address string) workerrpc.Heartbeat {
	return workerrpc.Heartbeat{ID: task.NewID(), Address: address, Region: "east", Capacity: 4, Providers: []string{"a"}}
}

// until waits for the fleet to be as asked, woken by its changes.
func until(t *testing.T, f *Fleet, what string, ok func([]Member) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		changed := f.Changed()
		if ok(f.Workers()) {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("never: %s; %+v", what, f.Workers())
		}
	}
}

func send(t *testing.T, f *Fleet, b workerrpc.Heartbeat) {
	t.Helper()
	if err := f.Heartbeat(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func TestABeatReachesEveryGateway(t *testing.T) {
	t.Parallel()
	e := openEngine(t)
	here, there := open(t, e, nil), open(t, e, nil)
	b := beat("w:1")
	send(t, here, b)
	for _, f := range []*Fleet{here, there} {
		until(t, f, "the worker is known", func(ws []Member) bool { return len(ws) == 1 && ws[0].Address == "w:1" && !ws[0].LastSeen.IsZero() })
	}
	b.Draining = true
	send(t, there, b)
	until(t, here, "it drains", func(ws []Member) bool { return len(ws) == 1 && ws[0].Draining })
}

func TestAWorkerThatFallsSilentIsForgotten(t *testing.T) {
	t.Parallel()
	f := open(t, openEngine(t), nil)
	send(t, f, beat("w:1"))
	until(t, f, "it is known", func(ws []Member) bool { return len(ws) == 1 })
	start := time.Now()
	until(t, f, "it is forgotten", func(ws []Member) bool { return len(ws) == 0 })
	if took := time.Since(start); took < heartbeatTTL-time.Second || took > heartbeatTTL+3*time.Second {
		t.Errorf("after %v", took)
	}
	for id := range f.members.All() {
		t.Errorf("still remembered: %v", id)
	}
}

func TestOnlyChangesOfWhatIsOfferedAreAnnounced(t *testing.T) {
	t.Parallel()
	f := open(t, openEngine(t), nil)
	b := beat("w:1")
	send(t, f, b)
	until(t, f, "it is known", func(ws []Member) bool { return len(ws) == 1 })
	changed := f.Changed()
	b.InFlight = 3
	send(t, f, b)
	other := beat("w:2") // comes after it
	for end := time.Now().Add(patience); f.Workers()[0].InFlight != 3; {
		if time.Now().After(end) {
			t.Fatal("the load never arrives")
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // unannounced is the point
	}
	select {
	case <-changed:
		t.Error("a mere heartbeat was announced")
	default:
	}
	send(t, f, other)
	select {
	case <-changed:
	case <-time.After(patience):
		t.Error("a new worker was not")
	}
}

// An engine that restarts has lost every heartbeat. Who sent one lately is
// believed nevertheless, but not for longer than ever.
func TestMembersThatVanishedDuringAnInterruptionAreSwept(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	f := open(t, p.Joined, nil)
	send(t, f, beat("w:1"))
	until(t, f, "it is known", func(ws []Member) bool { return len(ws) == 1 })
	heard := time.Now()
	p.Restart(t, func() {})
	open(t, p.Host, nil) // makes the bucket again
	enginetest.Await(t, "it is sighted", f.members.Sighted)
	if ws := f.Workers(); len(ws) != 1 && time.Since(heard) < heartbeatTTL-time.Second {
		t.Errorf("workers after a restart: %+v", ws)
	}
	for len(f.Workers()) > 0 {
		if time.Since(heard) > heartbeatTTL+3*time.Second {
			t.Fatal("a worker that fell silent is believed")
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // silence announces nothing
	}
}

// A worker that came while a gateway did not hear of it is asked nevertheless.
func TestABlindGatewayFindsAWorker(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	f := open(t, p.Joined, &inspectors{})
	enginetest.Await(t, "it is sighted", f.members.Sighted)
	p.Elsewhere(t, func(_ context.Context, e *engine.Engine) error {
		send(t, open(t, e, nil), beat("w:1"))
		return nil
	}, func(ctx context.Context) error {
		_, err := f.Inspect(ctx, workerrpc.InspectRequest{})
		if err != nil && fault.CodeOf(err) == fault.NoWorkers {
			t.Errorf("err = %v, although there is one", err)
		}
		return err
	})
}

func TestABadBeatIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t, openEngine(t), nil)
	for name, change := range map[string]func(*workerrpc.Heartbeat){
		"an id that is a subject": func(b *workerrpc.Heartbeat) { b.ID = "*" },
		"no id":                   func(b *workerrpc.Heartbeat) { b.ID = "" },
		"no address":              func(b *workerrpc.Heartbeat) { b.Address = "" },
		"a negative capacity":     func(b *workerrpc.Heartbeat) { b.Capacity = -1 },
	} {
		b := beat("w:1")
		change(&b)
		if err := f.Heartbeat(t.Context(), b); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWorkersComeInOrder(t *testing.T) {
	t.Parallel()
	f := open(t, openEngine(t), nil)
	for i := range 5 {
		send(t, f, beat(fmt.Sprint("w:", i)))
	}
	until(t, f, "all are known", func(ws []Member) bool { return len(ws) == 5 })
	ws := f.Workers()
	for i := range ws[1:] {
		if ws[i].ID >= ws[i+1].ID {
			t.Errorf("%s before %s", ws[i].ID, ws[i+1].ID)
		}
	}
}

func TestAPhotoIsInspectedBySomebodyWhoCan(t *testing.T) {
	t.Parallel()
	call := &inspectors{fails: map[string]error{}}
	f := open(t, openEngine(t), call)
	if _, err := f.Inspect(t.Context(), workerrpc.InspectRequest{}); fault.KindOf(err) != fault.Unavailable || fault.As(err).RetryAfter == 0 {
		t.Errorf("without workers: %v", err)
	}
	leaving := beat("leaving:1")
	leaving.Draining = true
	send(t, f, leaving)
	send(t, f, beat("down:1"))
	send(t, f, beat("slow:1"))
	send(t, f, beat("good:1"))
	call.fails["down:1"] = fault.New(fault.WorkerUnreachable)
	call.fails["slow:1"] = fault.New(fault.WorkerSilent)
	until(t, f, "all are known", func(ws []Member) bool { return len(ws) == 4 })
	for range 20 {
		if got, err := f.Inspect(t.Context(), workerrpc.InspectRequest{}); err != nil || got.Width != 1 {
			t.Errorf("inspected %+v, err %v", got, err)
		}
	}
	for _, addr := range call.asked {
		if addr == "leaving:1" {
			t.Error("a draining worker was asked")
		}
	}
}

func TestARefusalOfAPhotoIsFinal(t *testing.T) {
	t.Parallel()
	call := &inspectors{fails: map[string]error{"w:1": fault.New(fault.UnsupportedMediaType), "w:2": fault.New(fault.UnsupportedMediaType)}}
	f := open(t, openEngine(t), call)
	send(t, f, beat("w:1"))
	send(t, f, beat("w:2"))
	until(t, f, "both are known", func(ws []Member) bool { return len(ws) == 2 })
	if _, err := f.Inspect(t.Context(), workerrpc.InspectRequest{}); fault.KindOf(err) != fault.Unsupported || len(call.asked) != 1 {
		t.Errorf("after %v: %v", call.asked, err)
	}
}

// What one photo took from one worker, it would take from the next.
func TestAPhotoThatUsedUpItsTimeIsGivenToNobodyElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails error
		want  fault.Code
		asked int
	}{
		"its decoder's time":          {fault.New(fault.PhotoTooDemanding), fault.PhotoTooDemanding, 1},
		"its decoder":                 {fault.New(fault.DecoderLost).With(fault.ParamSHA256, "ab"), fault.WorkerBusy, 1},
		"the time for the judgement":  {fault.New(fault.DeadlineExceeded), fault.WorkerBusy, 1},
		"the worker, perhaps":         {fault.New(fault.WorkerLost), fault.NoWorkers, 2},
		"nothing: the worker is busy": {fault.New(fault.WorkerBusy), fault.WorkerBusy, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := &inspectors{fails: map[string]error{"w:1": c.fails, "w:2": c.fails, "w:3": c.fails}}
			f := open(t, openEngine(t), call)
			for addr := range call.fails {
				send(t, f, beat(addr))
			}
			until(t, f, "all are known", func(ws []Member) bool { return len(ws) == 3 })
			_, err := f.Inspect(t.Context(), workerrpc.InspectRequest{})
			if fault.CodeOf(err) != c.want || len(call.asked) != c.asked {
				t.Errorf("asked %d, %v; want %d, %s", len(call.asked), err, c.asked, c.want)
			}
			if c.want != fault.PhotoTooDemanding && c.fails.Error() != "unavailable: worker_busy" && fault.As(err).RetryAfter == 0 {
				t.Error("nobody says when to try again")
			}
			if fault.As(c.fails).Params[fault.ParamSHA256] != fault.As(err).Params[fault.ParamSHA256] {
				t.Errorf("%v does not name the photo", err)
			}
		})
	}
}

// What goes wrong between gateway and worker is not the client's to read.
func TestAPhotoThatNoWorkerCouldJudgeSaysOnlyThat(t *testing.T) {
	t.Parallel()
	call := &inspectors{fails: map[string]error{"w:1": fault.New(fault.FleetTokenInvalid), "w:2": fault.New(fault.WorkerLost)}}
	f := open(t, openEngine(t), call)
	send(t, f, beat("w:1"))
	send(t, f, beat("w:2"))
	until(t, f, "both are known", func(ws []Member) bool { return len(ws) == 2 })
	if _, err := f.Inspect(t.Context(), workerrpc.InspectRequest{}); fault.CodeOf(err) != fault.NoWorkers || len(call.asked) != 2 {
		t.Errorf("after %v: %v", call.asked, err)
	}
}

func FuzzStoredBeatsNeverPanic(f *testing.F) {
	f.Add([]byte(`{"id":"a","capacity":1,"providers":["x"]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, held, err := member(t.Context(), engine.Entry{Key: "worker.a", Value: data})
		if err != nil || held && m.LastSeen.IsZero() {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// Without an engine a heartbeat is refused, and its worker is there all the
// same: nobody says that workers are lost.
func TestAWorkerIsHeardWhileTheEngineTakesNoHeartbeat(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	f, err := Open(t.Context(), p.Joined, nil, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Heard() {
		t.Error("heard before any worker")
	}
	p.Restart(t, func() {
		if err := f.Heartbeat(t.Context(), workerrpc.Heartbeat{ID: "w", Address: "127.0.0.1:1"}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a heartbeat without an engine: %v", err)
		}
		if !f.Heard() || len(f.Workers()) != 0 {
			t.Errorf("heard %t, workers %v", f.Heard(), f.Workers())
		}
	})
}
