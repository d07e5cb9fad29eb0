package ratelimit

import (
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Action is what a client does that is counted.
type Action string

// The actions.
const (
	Post        Action = "post"         // any POST: ipPerMinute
	Session     Action = "session"      // a new session: ipSessionsPerHour
	Task        Action = "task"         // a task that will be paid for: ipDaily
	ClientError Action = "client_error" // a report of the page
	Request     Action = "request"      // any request of a session: sessionPerMinute
)

// Client is who does something. Session is "" where nothing proves one.
type Client struct {
	Addr    netip.Addr
	Session task.SessionID
}

const clientErrorsPerMinute = 30

// Window is where a client stands in its rate limit. Limit 0: there is none.
type Window struct {
	Limit     int64
	Remaining int64
	Length    time.Duration // the period that Limit is for
	Reset     time.Duration // until all of Limit is there again
}

// Limiter counts actions by address or by session, in the memory of one gateway, so a limit
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
func (l *Limiter) Allow(action Action, client Client) (Window, error) {
	limit, length := l.rule(action)
	if limit <= 0 {
		return Window{}, nil
	}
	counted, n, reset := l.take(action, client, limit, length)
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
func (l *Limiter) Return(action Action, client Client) {
	if action.bySession() {
		l.counts.Return(sessionName(action, client))
		return
	}
	l.counts.ReturnFor(string(action), client.Addr)
}

func (l *Limiter) take(action Action, client Client, limit int64, length time.Duration) (counted bool, n int64, reset time.Duration) {
	if action.bySession() {
		return l.counts.Take(sessionName(action, client), limit, length)
	}
	return l.counts.TakeFor(string(action), client.Addr, limit, length)
}

// bySession reports whether an action is counted by session, and not by
// address.
func (a Action) bySession() bool { return a == Request }

func sessionName(a Action, c Client) string { return string(a) + " " + string(c.Session) }

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
	case Request:
		return limits.SessionPerMinute, time.Minute
	default:
		return 0, 0
	}
}
