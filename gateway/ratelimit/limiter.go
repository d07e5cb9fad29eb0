package ratelimit

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
	Post        Action = "post"         // any POST: ipPerMinute
	Session     Action = "session"      // a new session: ipSessionsPerHour
	Task        Action = "task"         // a task that will be paid for: ipDaily
	ClientError Action = "client_error" // a report of the page
)

const clientErrorsPerMinute = 30

// Window is where a client stands in its rate limit. Limit 0: there is none.
type Window struct {
	Limit     int64
	Remaining int64
	Length    time.Duration // the period that Limit is for
	Reset     time.Duration // until all of Limit is there again
}

// Limiter counts actions by address, in the memory of one gateway, so a limit
// is per gateway. It is exact when the balancer sends an address always to the
// same gateway; otherwise it still stops a flood.
type Limiter struct {
	limits func() policy.Limits
	counts *Counters
}

// New builds a limiter. It asks for the limits at every action; a nil now is
// time.Now.
func New(limits func() policy.Limits, now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	return &Limiter{limits: limits, counts: NewCounters(now)}
}

// Allow counts one action and returns where the client stands. Past the limit
// it counts nothing and also returns fault.RateLimited.
func (l *Limiter) Allow(action Action, client netip.Addr) (Window, error) {
	limit, length := l.rule(action)
	if limit <= 0 {
		return Window{}, nil
	}
	counted, n, reset := l.counts.TakeFor(string(action), client, limit, length)
	w := Window{Limit: limit, Remaining: max(0, limit-n), Length: length, Reset: reset}
	if !counted {
		f := fault.New(fault.RateLimited).After(reset)
		f.ResetsAt = l.counts.now().Add(reset).UTC()
		return w, f
	}
	return w, nil
}

// Return gives back an action that was then refused for another reason. So the
// refusals of one visitor do not use up what a shared address may do.
func (l *Limiter) Return(action Action, client netip.Addr) {
	l.counts.ReturnFor(string(action), client)
}

func (l *Limiter) rule(action Action) (limit int64, length time.Duration) {
	limits := l.limits()
	switch action {
	case Post:
		return limits.IPPerMinute, time.Minute
	case Session:
		return limits.IPSessionsPerHour, time.Hour
	case Task:
		return limits.IPDaily, 24 * time.Hour
	case ClientError:
		return clientErrorsPerMinute, time.Minute
	default:
		return 0, 0
	}
}
