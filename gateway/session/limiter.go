package session

import (
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Action is what a client does that is counted by its address.
type Action string

// The actions.
const (
	ActionPost        Action = "post"         // any POST: ipPerMinute
	ActionSession     Action = "session"      // a new session: ipSessionsPerHour
	ActionTask        Action = "task"         // a task that will be paid: ipDaily
	ActionClientError Action = "client_error" // a report of the page
)

const clientErrorsPerMinute = 30

// Window is where a client stands in its rate limit. Limit 0: there is none.
type Window struct {
	Limit     int64
	Remaining int64
	Reset     time.Duration // until all of Limit is there again
}

// Limiter counts actions by address, in the memory of one gateway: a limit is
// per gateway, which is what a balancer that keeps addresses together makes
// exact and what is good enough against a flood otherwise.
type Limiter struct {
	limits func() policy.Limits
	counts *counters
}

// NewLimiter builds a limiter that asks for the limits at every action; a nil
// now is time.Now.
func NewLimiter(limits func() policy.Limits, now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	return &Limiter{limits: limits, counts: newCounters(now)}
}

// Allow counts one action and says where the client stands. Past the limit it
// is fault.Limited "rate_limited", the window is told too, and nothing is
// counted.
func (l *Limiter) Allow(action Action, client netip.Addr) (Window, error) {
	limit, window := l.rule(action)
	if limit <= 0 {
		return Window{}, nil
	}
	counted, n, reset := l.counts.take(counterName(action, client), limit, window)
	w := Window{Limit: limit, Remaining: max(0, limit-n), Reset: reset}
	if !counted {
		f := fault.New(fault.Limited, "rate_limited").After(reset)
		f.ResetsAt = l.counts.now().Add(reset).UTC()
		return w, f
	}
	return w, nil
}

// Return gives back an action that came to nothing for another reason, so
// that one visitor's refusals do not use up what a shared address may do.
func (l *Limiter) Return(action Action, client netip.Addr) {
	l.counts.back(counterName(action, client))
}

func (l *Limiter) rule(action Action) (limit int64, window time.Duration) {
	limits := l.limits()
	switch action {
	case ActionPost:
		return limits.IPPerMinute, time.Minute
	case ActionSession:
		return limits.IPSessionsPerHour, time.Hour
	case ActionTask:
		return limits.IPDaily, 24 * time.Hour
	case ActionClientError:
		return clientErrorsPerMinute, time.Minute
	default:
		return 0, 0
	}
}

func counterName(action Action, client netip.Addr) string {
	return string(action) + " " + subject(client)
}

// subject is who is counted: an IPv4 address, or the /64 that one IPv6
// customer owns.
func subject(client netip.Addr) string {
	client = client.Unmap().WithZone("")
	if client.Is6() {
		p, _ := client.Prefix(64)
		return p.String()
	}
	return client.String()
}

// Network is the prefix that fairness counts by: the /24 of an IPv4 address,
// the /48 of an IPv6 one.
func Network(client netip.Addr) string {
	client = client.Unmap().WithZone("")
	bits := 24
	if client.Is6() {
		bits = 48
	}
	p, err := client.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
