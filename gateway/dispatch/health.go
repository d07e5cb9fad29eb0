package dispatch

import (
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// lane is a provider as it is called from one region.
type lane struct{ provider, region string }

// health is what the calls of this term say about the providers. It is exact
// because one dispatcher leads, and is guarded by the lead's lock. A new term
// begins without prejudice.
type health struct {
	rules    Breaking
	breakers map[lane]*breaker
	tripped  int // breakers that are not closed
	vendors  map[string]*vendor
}

func newHealth(rules Breaking) *health {
	return &health{rules: rules, breakers: make(map[lane]*breaker), vendors: make(map[string]*vendor)}
}

// lets reports whether a call from a region may start now.
func (h *health) lets(provider, region string, now time.Time) bool {
	if h.tripped == 0 {
		return true
	}
	b := h.breakers[lane{provider, region}]
	return b == nil || b.lets(now)
}

// begin notes a call that starts and reports whether it is a probe.
func (h *health) begin(provider, region string) (probe bool) {
	if h.tripped == 0 {
		return false
	}
	b := h.breakers[lane{provider, region}]
	if b == nil || b.until.IsZero() {
		return false
	}
	b.probes++
	return true
}

// leave notes that a probe has ended, whatever came of it.
func (h *health) leave(provider, region string) {
	if b := h.breakers[lane{provider, region}]; b != nil && b.probes > 0 {
		b.probes--
	}
}

// report takes the outcome of a call in.
func (h *health) report(s *slot, out workerrpc.Outcome, begun, now time.Time, inFlight int) {
	v := judged(out)
	one := h.vendor(s.step.Name)
	one.report(v, out, now.Sub(begun))
	one.hear(out.Remaining, now)
	switch {
	case out.Class == task.ClassRate:
		one.limit.refused(now, begun, time.Duration(out.RetryAfter)*time.Millisecond, inFlight)
	case v == good:
		one.limit.succeeded(s.step.MaxConcurrent)
	}
	k := lane{s.step.Name, s.worker.Region}
	b := h.breakers[k]
	if b == nil {
		b = &breaker{rules: h.rules}
		h.breakers[k] = b
	}
	was := b.until.IsZero()
	b.report(now, v, s.probe)
	switch is := b.until.IsZero(); {
	case was && !is:
		h.tripped++
	case !was && is:
		h.tripped--
	}
}

// room is how many calls a provider bears at once, 0 for no limit.
func (h *health) room(step routing.Step) int {
	if v := h.vendors[step.Name]; v != nil {
		return v.limit.room(step.MaxConcurrent)
	}
	return step.MaxConcurrent
}

// rests reports whether a provider asked to be left alone.
func (h *health) rests(provider string, now time.Time) bool {
	v := h.vendors[provider]
	return v != nil && now.Before(v.limit.until)
}

// limits reports whether a provider limits our rate: it asked to be left
// alone, or bears fewer calls at once than we would make.
func (h *health) limits(step routing.Step, now time.Time) bool {
	return h.rests(step.Name, now) || h.room(step) != step.MaxConcurrent
}

func (h *health) vendor(name string) *vendor {
	v := h.vendors[name]
	if v == nil {
		v = newVendor()
		h.vendors[name] = v
	}
	return v
}

const vendorSamples = 256

// vendor is the recent past of one provider over all regions.
type vendor struct {
	limit    limiter
	took     recent              // of successes, and of calls that were beaten as if they had ended then
	pace     pace                // of the same
	answers  [vendorSamples]bool // whether the last calls gave a picture
	asked    int                 // ever, of those that say something
	made     int                 // of these, with a picture
	p50, p95 float64

	left     *int64 // calls that it still takes, as it said last
	leftSaid time.Time
}

func newVendor() *vendor { return &vendor{took: newRecent(vendorSamples)} }

// report takes one call in. Time is the vendor's own where a worker told it.
func (v *vendor) report(said verdict, out workerrpc.Outcome, took time.Duration) {
	if said == silent || said == alive {
		return
	}
	v.answers[v.asked%vendorSamples] = said == good
	v.asked++
	if said != good {
		return
	}
	v.made++
	if out.ProviderMS > 0 {
		took = time.Duration(out.ProviderMS) * time.Millisecond
	}
	v.took.add(took)
	v.pace.add(took, false)
}

// allowanceKept is how long a vendor's word on its allowance is worth
// anything: most count by the minute.
const allowanceKept = 10 * time.Minute

// hear takes in how many calls the vendor says it still takes.
func (v *vendor) hear(left *int64, now time.Time) {
	if left != nil {
		v.left, v.leftSaid = left, now
	}
}

// allowance is how many calls the vendor said of late that it still takes.
func (v *vendor) allowance(now time.Time) *int64 {
	if now.Sub(v.leftSaid) > allowanceKept {
		return nil
	}
	return v.left
}

// beaten takes in that a call was called off after so long, because another
// one had won: it is slow at least by that.
func (v *vendor) beaten(after time.Duration) {
	v.took.add(after)
	v.pace.add(after, true)
}

// summarise computes the quantiles when there are new times, for operators
// at each tick and for calls that may be hedged.
func (v *vendor) summarise() {
	if sorted := v.took.look(); sorted != nil {
		v.p50, v.p95 = quantile(sorted, 50), quantile(sorted, 95)
	}
}

// success is the share of the last calls that gave a picture, of those that
// say anything about the vendor; 1 before the first.
func (v *vendor) success() float64 {
	n := min(v.asked, vendorSamples)
	if n == 0 {
		return 1
	}
	ok := 0
	for _, a := range v.answers[:n] {
		if a {
			ok++
		}
	}
	return float64(ok) / float64(n)
}

// codeLost and codePhoto are the codes of failures on our side of a call.
const (
	codeLost  = "stream_lost"
	codePhoto = "photo_unreachable"
)

// landed reports what came of a call and gives its slot back, in one step, so
// that no second probe slips in between.
func (l *lead) landed(s *slot, a task.Attempt, out workerrpc.Outcome) (cost held) {
	now := time.Now()
	l.mu.Lock()
	l.health.report(s, out, a.StartedAt, now, l.slots.providers[s.step.Name])
	cost = l.spend.settle(s.held, price(a, out))
	s.held = held{}
	l.slots.release(s)
	l.mu.Unlock()
	l.kick()
	return cost
}
