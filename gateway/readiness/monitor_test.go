package readiness_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/readiness"
)

// part is something that a gateway works with.
type part struct {
	mu    sync.Mutex
	err   error
	asked int
}

func (p *part) probe(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return p.err
}

func (p *part) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// pass lets time go by, as synctest does.
func pass(d time.Duration) { <-time.After(d) }

func monitor(checks ...readiness.Check) *readiness.Monitor {
	return readiness.New(checks, func(string, error) {})
}

func TestAFaultIsSeenWithinThreeSecondsAndSoIsItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(part)
		m := monitor(readiness.Check{Name: "store", Probe: store.probe})
		if r := m.Report(t.Context()); !r.Ready {
			t.Fatalf("at first: %+v", r)
		}
		store.set(errors.New("disk is full"))
		pass(time.Second)
		if r := m.Report(t.Context()); r.Ready || r.Trouble() != "store: disk is full" || r.Public().Checks[0].Detail != "" {
			t.Errorf("with a full disk: %+v", r)
		}
		store.set(nil)
		pass(time.Second)
		if r := m.Report(t.Context()); !r.Ready || !r.Checks[0].OK {
			t.Errorf("after the fault: %+v", r)
		}
	})
}

func TestManyAskersAreOneProbeASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(part)
		m := monitor(readiness.Check{Name: "store", Probe: store.probe})
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				pass(time.Duration(i) * 10 * time.Millisecond)
				m.Report(t.Context())
			})
		}
		all.Wait()
		if store.asked > 11 {
			t.Errorf("asked %d times in ten seconds", store.asked)
		}
	})
}

func TestACheckThatHangsIsNotWaitedForNorAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release, asked := make(chan struct{}), atomic.Int32{}
		m := monitor(readiness.Check{Name: "engine", Probe: func(context.Context) error { return nil }},
			readiness.Check{Name: "store", Probe: func(context.Context) error {
				asked.Add(1)
				<-release
				return nil
			}})
		for range 3 {
			start := time.Now()
			r := m.Report(t.Context())
			if took := time.Since(start); r.Ready || took > 2*time.Second || !r.Checks[0].OK || !strings.Contains(r.Checks[1].Detail, "no answer") {
				t.Errorf("after %v: %+v", took, r)
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times while the first answer is missing", n)
		}
		close(release)
		pass(time.Second)
		if r := m.Report(t.Context()); !r.Ready {
			t.Errorf("after it answered: %+v", r)
		}
	})
}

func TestWorkersGateOnlyUntilTheFirstOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		workers := &part{err: errors.New("none")}
		var said []string
		m := readiness.New([]readiness.Check{{Name: "workers", Need: readiness.AtFirst, Probe: workers.probe}},
			func(name string, cause error) { said = append(said, name, errorText(cause)) })
		next := func() readiness.Report { pass(time.Second); return m.Report(t.Context()) }
		if r := next(); r.Ready || r.Checks[0].OK || len(said) != 0 {
			t.Errorf("before the first: %+v, alarms %q", r, said)
		}
		workers.set(nil)
		if r := next(); !r.Ready {
			t.Errorf("with one: %+v", r)
		}
		said = nil
		workers.set(errors.New("none"))
		if r := next(); !r.Ready || r.Checks[0].OK || r.Checks[0].Detail == "" {
			t.Errorf("after all are lost: %+v", r)
		}
		workers.set(nil)
		next()
		if got := strings.Join(said, ","); got != "workers,none,workers," {
			t.Errorf("alarms %q", got)
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWithoutAskersAFaultIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, told := new(part), []string(nil)
		m := readiness.New([]readiness.Check{{Name: "store", Probe: store.probe}}, func(name string, cause error) { told = append(told, name+" "+errorText(cause)) })
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = m.Run(ctx) })
		for _, err := range []error{nil, errors.New("disk is full"), nil} {
			store.set(err)
			pass(10 * time.Second)
		}
		cancel()
		running.Wait()
		if got := strings.Join(told, ","); got != "store disk is full,store " {
			t.Errorf("told %q", got)
		}
	})
}
