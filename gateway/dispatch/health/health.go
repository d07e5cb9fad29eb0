package health

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Lane is a provider as it is called from one region.
type Lane struct{ Provider, Region string }

// Health is what calls say about the providers. It begins without prejudice.
type Health struct {
	rules    Breaking
	breakers map[Lane]*breaker
	tripped  int // breakers that are not closed
	vendors  map[string]*vendor
}

// New knows nothing yet.
func New(rules Breaking) *Health {
	return &Health{rules: rules, breakers: make(map[Lane]*breaker), vendors: make(map[string]*vendor)}
}

// Lets reports whether a call may start now.
func (h *Health) Lets(l Lane, now time.Time) bool {
	if h.tripped == 0 {
		return true
	}
	b := h.breakers[l]
	return b == nil || b.lets(now)
}

// Begin notes a call that starts and reports whether it is a probe: it asks
// whether a provider is back.
func (h *Health) Begin(l Lane) (probe bool) {
	if h.tripped == 0 {
		return false
	}
	b := h.breakers[l]
	if b == nil || b.until.IsZero() {
		return false
	}
	b.probes++
	return true
}

// Leave notes that a probe has ended, whatever came of it.
func (h *Health) Leave(l Lane) {
	if b := h.breakers[l]; b != nil && b.probes > 0 {
		b.probes--
	}
}

// Call is a call that has ended.
type Call struct {
	Lane

	Begun    time.Time
	Probe    bool
	Most     int // calls at once that are configured, 0 for no limit
	InFlight int // calls at the provider, this one among them

	Task, Photo string // that it was for
}

// Report takes the outcome of a call in.
func (h *Health) Report(c Call, out workerrpc.Outcome, now time.Time) {
	said := judge(out)
	v := h.vendor(c.Provider)
	v.past.take(c, said, out, now)
	v.report(said, out, now.Sub(c.Begun))
	v.allow(out.Remaining, now)
	switch {
	case out.Class == task.ClassRate:
		v.limit.refused(now, c.Begun, time.Duration(out.RetryAfter)*time.Millisecond, c.InFlight)
	case said == good:
		v.limit.succeeded(c.Most)
	}
	b := h.breakers[c.Lane]
	if b == nil {
		b = &breaker{rules: h.rules}
		h.breakers[c.Lane] = b
	}
	was, before := b.until.IsZero(), b.until
	b.report(now, said, c.Probe)
	if !b.until.Equal(before) {
		b.why = Refusal{Class: out.Class, Code: out.Code, Message: out.Message, At: now.UTC()}
	}
	switch is := b.until.IsZero(); {
	case was && !is:
		h.tripped++
	case !was && is:
		h.tripped--
	}
}

// Beaten takes in that a call was called off after so long, because another
// one had won: its provider is slow at least by that.
func (h *Health) Beaten(provider string, after time.Duration) {
	v := h.vendor(provider)
	v.took.Add(after)
	v.pace.add(after, true)
}

// Room is how many calls a provider bears at once where so many are
// configured; 0 is no limit.
func (h *Health) Room(provider string, most int) int {
	if v := h.vendors[provider]; v != nil {
		return v.limit.room(most)
	}
	return most
}

// Rests reports whether a provider asked to be left alone.
func (h *Health) Rests(provider string, now time.Time) bool {
	v := h.vendors[provider]
	return v != nil && now.Before(v.limit.until)
}

// Limits reports whether a provider limits our rate: it asked to be left
// alone, or bears fewer calls at once than are configured.
func (h *Health) Limits(provider string, most int, now time.Time) bool {
	return h.Rests(provider, now) || h.Room(provider, most) != most
}

// believed is how many calls say how long a provider takes.
const believed = 20

// Slow is after how long a call is slower than 19 of 20 of its provider's;
// unknown after too few calls.
func (h *Health) Slow(provider string) (after time.Duration, known bool) {
	v := h.vendors[provider]
	if v == nil || v.took.n < believed {
		return 0, false
	}
	v.summarise()
	return time.Duration(v.p95 * float64(time.Second)), true
}

// Slower reports whether a provider usually takes longer than that.
func (h *Health) Slower(provider string, than time.Duration) bool {
	v := h.vendors[provider]
	return v != nil && v.pace.n >= believed && v.pace.median() > than
}

// Summary is what the calls to a provider came to.
type Summary struct {
	P50, P95  float64 // seconds
	Window    int     // calls at once that it bears while it limits our rate, else 0
	Good, Bad int     // calls that gave a picture, and that say that it does not work
	Remaining *int64  // calls that it still takes, as it said of late
}

// Summary sums a provider up.
func (h *Health) Summary(provider string, now time.Time) (s Summary) {
	v := h.vendors[provider]
	if v == nil {
		return s
	}
	v.summarise()
	s = Summary{
		P50: v.p50, P95: v.p95, Window: int(v.limit.window), Good: v.made, Bad: v.asked - v.made, Remaining: v.allowance(now),
	}
	return s
}

// Past is what calls to a provider came to, also in earlier terms.
func (h *Health) Past(provider string) Past {
	if v := h.vendors[provider]; v != nil {
		return v.past.clone()
	}
	return Past{}
}

// Remember takes over what an earlier term knew of the providers.
func (h *Health) Remember(pasts map[string]Past) {
	for name, p := range pasts {
		h.vendor(name).past = p.clone()
	}
}

// Opened is why a provider is left alone whose breaker is not closed, and until
// when it is.
func (h *Health) Opened(l Lane) (why Refusal, until time.Time) {
	if b := h.breakers[l]; b != nil {
		return b.why, b.until
	}
	return Refusal{}, time.Time{}
}

// RestsUntil is until when a provider asked to be left alone; zero when it did not.
func (h *Health) RestsUntil(provider string, now time.Time) time.Time {
	if h.Rests(provider, now) {
		return h.vendors[provider].limit.until
	}
	return time.Time{}
}

// Breakers lists the states of all breakers.
func (h *Health) Breakers(now time.Time) map[Lane]string {
	states := make(map[Lane]string, len(h.breakers))
	for l, b := range h.breakers {
		states[l] = b.state(now)
	}
	return states
}

func (h *Health) vendor(name string) *vendor {
	v := h.vendors[name]
	if v == nil {
		v = newVendor()
		h.vendors[name] = v
	}
	return v
}
