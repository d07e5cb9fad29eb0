package health

import (
	"fmt"
	"time"
)

// Breaking says when a provider is left alone in a region, and for how long.
type Breaking struct {
	Window time.Duration // over which answers are counted
	Least  int           // answers below which nothing is concluded
	Share  float64       // of failures that opens the breaker
	Sudden float64       // the same of the last fifth of the window: a vendor that dies has a good past
	Open   time.Duration // until the first probe; doubled each time one fails
	Refuse time.Duration // the same after a refused key or an empty account
	Most   time.Duration // the longest pause
}

// DefaultBreaking opens after half of ten calls have failed.
func DefaultBreaking() Breaking {
	return Breaking{Window: 30 * time.Second, Least: 10, Share: 0.5, Sudden: 0.75, Open: 5 * time.Second, Refuse: time.Minute, Most: 2 * time.Minute}
}

// Validate says what is wrong.
func (b Breaking) Validate() error {
	if b.Window < buckets || b.Least < 1 || b.Share <= 0 || b.Share > 1 || b.Sudden < b.Share || b.Sudden > 1 || b.Open <= 0 || b.Refuse <= 0 || b.Most < max(b.Open, b.Refuse) {
		return fmt.Errorf("dispatch.breaking: makes no sense: %+v", b)
	}
	return nil
}

// sudden is the part of the slices in which a provider dies.
const sudden = buckets / 5

// breaker guards one provider in one region. It is closed while until is
// zero, open before until, and half open after it: then one call at a time
// may probe whether the vendor is back.
type breaker struct {
	rules  Breaking
	calls  recently // all, and those that failed
	until  time.Time
	pause  time.Duration // of the opening before, 0 when it was closed
	probes int           // under way
	why    Refusal       // the answer that opened it last
}

// The names of a breaker's states, as operators see them.
const (
	Closed   = "closed"
	Open     = "open"
	HalfOpen = "half-open"
)

func (b *breaker) state(now time.Time) string {
	switch {
	case b.until.IsZero():
		return Closed
	case now.Before(b.until):
		return Open
	default:
		return HalfOpen
	}
}

// lets reports whether a call may start.
func (b *breaker) lets(now time.Time) bool {
	return b.until.IsZero() || (!now.Before(b.until) && b.probes == 0)
}

// report takes a verdict in. While the breaker is not closed only the probe's
// counts: others were sent before.
func (b *breaker) report(now time.Time, v verdict, probe bool) {
	switch {
	case v == refused:
		b.open(now, b.rules.Refuse)
	case b.until.IsZero():
		if v == good || v == failing {
			b.calls.add(now.UnixNano()/int64(b.rules.Window/buckets), v == failing)
		}
		if v == failing && (b.fails(buckets, b.rules.Share) || b.fails(sudden, b.rules.Sudden)) {
			b.open(now, b.rules.Open)
		}
	case !probe:
	case v == failing:
		b.open(now, b.rules.Open)
	case v == good, v == alive:
		*b = breaker{rules: b.rules, probes: b.probes}
	}
}

// open opens for at least d, and for twice the last pause when that did not
// help.
func (b *breaker) open(now time.Time, d time.Duration) {
	if now.Before(b.until) {
		d = max(d, b.pause) // several calls failed together: that is one opening
	} else {
		d = max(d, 2*b.pause)
	}
	b.pause = min(d, b.rules.Most)
	b.until = now.Add(b.pause)
}

// fails reports whether enough calls ended in the newest slices, and that
// share of them badly.
func (b *breaker) fails(slices int64, share float64) bool {
	all, bad := b.calls.last(slices)
	return all >= b.rules.Least && float64(bad) >= share*float64(all)
}
