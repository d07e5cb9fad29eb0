package ratelimit

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Client is who does something. Session is "" where nothing proves one.
type Client struct {
	Addr    netip.Addr
	Session task.SessionID
	Good    bool // the session is in good standing: it did some work, or got a picture
}

// Window is where a client stands in its rate limit. Limit 0: there is none.
type Window struct {
	Limit     int64
	Remaining int64
	Length    time.Duration // the period that Limit is for
	Reset     time.Duration // until all of Limit is there again
}

// Used is how much of the limit is used.
func (w Window) Used() int64 { return w.Limit - w.Remaining }

// Limiter counts actions by address or by session, over all gateways of an
// engine. Where it is away, each goes on with what it knows.
type Limiter struct {
	limits   func() policy.Limits
	rules    map[Action]rule
	names    namer
	counts   *counters
	held     *held
	exchange *exchange // nil for one that is alone
}

// Deps are what a limiter works with.
type Deps struct {
	ID       string // of this gateway, since it started
	Engine   *engine.Engine
	Keys     ring
	Limits   func() policy.Limits // asked at every action
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// New builds a limiter that is alone. A nil now is time.Now.
func New(limits func() policy.Limits, now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	names := namer{newLonely()}
	return &Limiter{limits: limits, rules: rules(), names: names, counts: newCounters(now), held: newHeld(now, names)}
}

// Open builds a limiter that shares its counts, and learns what was counted
// before it returns.
func Open(ctx context.Context, d Deps) (*Limiter, error) {
	l := New(d.Limits, d.Now)
	l.names = namer{d.Keys}
	l.held.names = l.names
	d.Logger = cmp.Or(d.Logger, slog.New(slog.DiscardHandler))
	promauto.With(d.Registry).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "imgfleet_ratelimit_names", Help: "Addresses and sessions that rate limits count, once for each limit.",
	}, func() float64 { return float64(l.counts.names()) })
	x, err := openExchange(ctx, l.counts, l.held, d)
	if err != nil {
		return nil, err
	}
	l.exchange = x
	return l, nil
}

// Run exchanges counts with other gateways until ctx ends.
func (l *Limiter) Run(ctx context.Context) error {
	l.exchange.run(ctx)
	return context.Cause(ctx)
}

// Close tells other gateways what was counted last.
func (l *Limiter) Close() { l.exchange.close() }

// Allow counts one action and returns where the client stands. Past the limit
// it counts nothing and also returns fault.RateLimited.
func (l *Limiter) Allow(action Action, client Client) (Window, error) {
	r := l.rules[action]
	limit := r.limit(l.limits())
	if limit <= 0 {
		return Window{}, nil
	}
	switch {
	case r.crowd && client.Good:
		return l.allow(l.addresses(action+inCrowd, client), times(limit, crowdShare), r.window)
	case r.fair && client.Session != "":
		return l.allowFair(action, r, client, limit)
	}
	return l.allow(l.shares(action, r, client), limit, r.window)
}

// Stands says where a client without a session stands, and counts nothing.
func (l *Limiter) Stands(action Action, client Client) Window {
	r := l.rules[action]
	limit := r.limit(l.limits())
	if limit <= 0 {
		return Window{}
	}
	n, reset := l.counts.stands(l.shares(action, r, client)[0].name)
	return Window{Limit: limit, Remaining: max(0, limit-n), Length: r.window, Reset: reset}
}

// Return gives back an action that was then refused for another reason. So the
// refusals of one visitor do not use up what a shared address may do.
func (l *Limiter) Return(action Action, client Client) {
	r := l.rules[action]
	if r.crowd && client.Good {
		l.giveBack(l.addresses(action+inCrowd, client))
		return
	}
	l.giveBack(l.shares(action, r, client))
}

func (l *Limiter) allow(all shares, limit int64, window time.Duration) (Window, error) {
	counted, n, reset := l.take(all, limit, window)
	w := Window{Limit: limit, Remaining: max(0, limit-n), Length: window, Reset: reset}
	if !counted {
		f := fault.New(fault.RateLimited).After(reset)
		f.ResetsAt = l.counts.now().Add(reset).UTC()
		return w, f
	}
	return w, nil
}

// take counts one for each share, or for none. What it returns is of the one
// that refused, else of the first.
func (l *Limiter) take(all shares, limit int64, window time.Duration) (counted bool, n int64, reset time.Duration) {
	for i, s := range all {
		if s.times == 0 {
			break
		}
		counted, m, until := l.counts.take(s.name, s.of(limit), window)
		if !counted {
			for _, before := range all[:i] {
				l.counts.giveBack(before.name)
			}
			return false, min(m, limit), until
		}
		if i == 0 {
			n, reset = m, until
		}
	}
	return true, n, reset
}

func (l *Limiter) giveBack(all shares) {
	for _, s := range all {
		if s.times > 0 {
			l.counts.giveBack(s.name)
		}
	}
}
