package session

import (
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
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

// Window is where a client stands in its rate limit. Limit 0: there is none.
type Window struct {
	Limit     int64
	Remaining int64
	Reset     time.Duration
}

// Limiter counts actions by address, in memory.
type Limiter struct{}

// NewLimiter builds a limiter; a nil now is time.Now.
func NewLimiter(limits func() policy.Limits, now func() time.Time) *Limiter { return &Limiter{} }

// Allow counts one action and says whether it is within the limit.
func (l *Limiter) Allow(action Action, client netip.Addr) (Window, error) { return Window{}, nil }

// Return gives an action back that was refused for another reason.
func (l *Limiter) Return(action Action, client netip.Addr) {}

// Network is the prefix that fairness counts by: /24 or /48.
func Network(client netip.Addr) string { return "" }
