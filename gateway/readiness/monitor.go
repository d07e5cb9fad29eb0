package readiness

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

// A round begins a second after the one before, however many ask, and ends
// within, so that nobody is told anything older than three seconds.
const (
	every  = time.Second
	within = 1800 * time.Millisecond
)

// Alarm is told when a check begins to fail, with the cause, and when it is
// good again, with nil. It is not told of what was never there yet.
type Alarm func(check string, cause error)

// Monitor probes everything that a gateway works with.
type Monitor struct {
	checks []*watch
	alarm  Alarm

	mu    sync.Mutex
	last  Report
	began time.Time     // the last round, or the one that runs
	round chan struct{} // closed when the round that runs has ended; nil when none does
}

// New makes a monitor. It knows nothing before the first round.
func New(checks []Check, alarm Alarm) *Monitor {
	m := &Monitor{alarm: alarm}
	for _, c := range checks {
		m.checks = append(m.checks, &watch{Check: c})
	}
	return m
}

// Run probes every second until ctx ends, so that alarms need nobody who asks.
func (m *Monitor) Run(ctx context.Context) error {
	for {
		m.Report(ctx)
		if !tick.Wait(ctx, time.Until(m.due())) {
			return context.Cause(ctx)
		}
	}
}

func (m *Monitor) due() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.began.Add(every)
}

// Report says what the last round found. It waits for a new one when that is
// more than a second ago.
func (m *Monitor) Report(ctx context.Context) Report {
	m.mu.Lock()
	if m.round == nil && m.last.Checks != nil && time.Since(m.began) < every {
		defer m.mu.Unlock()
		return m.last
	}
	if m.round == nil {
		m.round, m.began = make(chan struct{}), time.Now()
		go m.probe(context.WithoutCancel(ctx), m.round)
	}
	round := m.round
	m.mu.Unlock()
	select {
	case <-round:
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// Last is what the last round found. It waits for nothing.
func (m *Monitor) Last() Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// probe is one round.
func (m *Monitor) probe(ctx context.Context, done chan struct{}) {
	found := make([]error, len(m.checks))
	var all sync.WaitGroup
	for i, w := range m.checks {
		all.Go(func() { found[i] = w.ask(ctx, within) })
	}
	all.Wait()
	r := Report{Ready: true, Checks: make([]Result, 0, len(m.checks))}
	for i, w := range m.checks {
		m.take(w, found[i])
		r.Checks = append(r.Checks, w.result())
		r.Ready = r.Ready && !w.gates()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.round = r, nil
	close(done)
}

// take notes what a round found, and says what is new about it.
func (m *Monitor) take(w *watch, err error) {
	was, seen := w.err, w.seen
	w.err, w.seen = err, seen || err == nil
	waiting := w.Need == AtFirst && !seen // for what was never there yet
	switch {
	case err != nil && was == nil && !waiting:
		m.alarm(w.Name, err)
	case err == nil && was != nil:
		m.alarm(w.Name, nil)
	}
}
