package httpapi

import (
	"fmt"
	"math"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
)

// counted is by whom the limits count this call.
func (c *call) counted() ratelimit.Client {
	return ratelimit.Client{Addr: c.client, Session: c.owner, Good: c.who.Proved}
}

// limits are what the call is counted by before it is handled: the rate of its
// session, and what its route says.
func (c *call) limits() []ratelimit.Action {
	if c.route.access != bearer || c.route.waits && c.waits() {
		return c.route.limits
	}
	return append([]ratelimit.Action{ratelimit.Request}, c.route.limits...)
}

// allow counts the call against limits, and says in the headers of
// draft-ietf-httpapi-ratelimit-headers where the client stands with these and
// those before.
func (c *call) allow(actions ...ratelimit.Action) error {
	policies, states := c.said("RateLimit-Policy"), c.said("RateLimit")
	var refused error
	for _, a := range actions {
		w, err := c.s.deps.Limiter.Allow(a, c.counted())
		if w.Limit > 0 {
			policies = append(policies, fmt.Sprintf("%q;q=%d;w=%d", a, w.Limit, int64(w.Length.Seconds())))
			states = append(states, fmt.Sprintf("%q;r=%d;t=%d", a, max(w.Remaining, 0), int64(math.Ceil(w.Reset.Seconds()))))
		}
		if err != nil {
			refused = err
			break
		}
	}
	if len(policies) > 0 {
		c.set("RateLimit-Policy", strings.Join(policies, ", "))
		c.set("RateLimit", strings.Join(states, ", "))
	}
	return refused
}

// said is what a header of the answer holds so far.
func (c *call) said(name string) []string {
	if v := c.answered(name); len(v) > 0 {
		return []string{string(v)}
	}
	return nil
}
