package dispatch

import (
	"context"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	broadcastEvery = time.Second
	broadcastStale = 5 * time.Second
)

// report is what the leader knows at a moment: of it the broadcast, the status
// and the metrics are made.
type report struct {
	broadcast broadcast
	snapshot  snapshot
}

func (t *term) report() report {
	now := t.deps.Runs.Now()
	s, spending := t.sched.snapshot(now), t.deps.Runs.Accounts.Spending(now)
	for name, p := range s.providers {
		p.SpentFen = spending.Providers[name]
		s.providers[name] = p
	}
	b := broadcast{At: now, Known: Known{Providers: s.providers, SpentFen: spending.TotalFen, Campaigns: spending.Campaigns, Hold: fault.CodeOf(t.deps.Store())}, Oldest: s.oldest}
	b.Alarms = append(t.config.Alarming.alarms(b, t.deps.Policy()), t.scene(b.Known).troubles()...)
	b.Alarms = append(b.Alarms, t.growth.alarm(s.oldest, now, s.load.Waiting)...)
	t.onset.stamp(b.Alarms, now)
	return report{b, s}
}

// Status tells where this dispatcher stands. Only the leader knows counts;
// the providers' state is known everywhere while somebody leads.
func (d *Dispatcher) Status() Status {
	s := Status{Load: d.deps.Queue.Load(), InFlight: map[string]int{}}
	if t := d.current.Load(); t != nil {
		r := t.report()
		s.Leader, s.Waiting, s.Running, s.InFlight, s.Known = true, r.snapshot.load.Waiting, r.snapshot.load.Running, r.snapshot.inFlight, r.broadcast.Known
	} else if b := d.last.Load(); b != nil && d.deps.Runs.Now().Sub(b.At) < broadcastStale {
		s.Known = b.Known
		for name, p := range b.Providers {
			if p.InFlight > 0 {
				s.InFlight[name] = p.InFlight
			}
		}
	}
	return s
}

// Led reports whether some gateway dispatches, as far as this one knows.
func (d *Dispatcher) Led() bool {
	b := d.last.Load()
	return d.current.Load() != nil || b != nil && d.deps.Runs.Now().Sub(b.At) < broadcastStale
}

// waited is for how long a task has waited for its first call, by what the
// leader tells, or by our own report when we lead.
func (d *Dispatcher) waited(ours broadcast) time.Duration {
	b, now := &ours, d.deps.Runs.Now()
	if b.At.IsZero() {
		b = d.last.Load()
	}
	if b == nil || b.Oldest.IsZero() || now.Sub(b.At) >= broadcastStale {
		return 0
	}
	return max(0, now.Sub(b.Oldest))
}

// subscribe keeps what the leader broadcasts.
func (d *Dispatcher) subscribe() (stop func(), err error) {
	return d.deps.Queue.SubscribeStatus(func(data []byte) {
		b := new(broadcast)
		if sonic.Unmarshal(data, b) == nil {
			d.last.Store(b)
			if d.current.Load() == nil {
				d.onset.hear(b.Alarms)
			}
		}
	})
}

// broadcast tells the gateways how things are, until ctx ends.
func (t *term) broadcast(ctx context.Context) {
	for range tick.AtOnce(ctx, broadcastEvery) {
		r := t.report()
		r.broadcast.Waiting = max(0, t.backlog(ctx)-r.snapshot.load.Running)
		t.logged.log(r.broadcast.Alarms, r.broadcast.At, t.deps.Runs.Logger)
		if data, err := sonic.Marshal(r.broadcast); err == nil {
			_ = t.deps.Queue.BroadcastStatus(data) // the next one replaces it
		}
	}
}

// backlog is how many jobs are not given up. Nobody is said to wait when the
// engine does not answer at once: that must not hold up the rest.
func (t *term) backlog(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, broadcastEvery)
	defer cancel()
	n, _ := t.deps.Queue.Backlog(ctx)
	return int(n)
}
