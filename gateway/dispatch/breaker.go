package dispatch

import (
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
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

func defaultBreaking() Breaking {
	return Breaking{Window: 30 * time.Second, Least: 10, Share: 0.5, Sudden: 0.75, Open: 5 * time.Second, Refuse: time.Minute, Most: 2 * time.Minute}
}

func (b Breaking) validate() error {
	if b.Window < breakerBuckets || b.Least < 1 || b.Share <= 0 || b.Share > 1 || b.Sudden < b.Share || b.Sudden > 1 || b.Open <= 0 || b.Refuse <= 0 || b.Most < max(b.Open, b.Refuse) {
		return fmt.Errorf("dispatch.breaking: makes no sense: %+v", b)
	}
	return nil
}

// verdict is what the outcome of a call says about its vendor.
type verdict int

const (
	silent  verdict = iota // nothing: the fault was ours, the person's, or a limit that is kept elsewhere
	alive                  // it works, though it refused this picture
	good                   // it made a picture
	failing                // it did not, and may not next time
	refused                // it will not until a person does something
)

// judged reads an outcome. What no worker took, a stream that we lost and a
// photo that a worker could not fetch say nothing about a vendor.
func judged(out workerrpc.Outcome) verdict {
	switch {
	case out.Result == task.OK:
		return good
	case out.Result == task.NotSent && refusal(out.Code), out.Code == codeLost, out.Code == codePhoto:
		return silent
	}
	switch out.Class {
	case task.ClassNetwork, task.ClassTimeout, task.ClassTransient:
		return failing
	case task.ClassAuth, task.ClassQuota:
		return refused
	case task.ClassContent, task.ClassInput:
		return alive
	default:
		return silent
	}
}

const (
	breakerBuckets = 10
	suddenBuckets  = 2
)

// breaker guards one provider in one region. It is closed while until is
// zero, open before until, and half open after it: then one call at a time
// may probe whether the vendor is back.
type breaker struct {
	rules  Breaking
	counts [breakerBuckets]struct{ total, bad int }
	bucket int64 // of the newest count
	until  time.Time
	pause  time.Duration // of the opening before, 0 when it was closed
	probes int           // under way
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
			b.count(now, v == failing)
		}
		if v == failing && (b.fails(breakerBuckets, b.rules.Share) || b.fails(suddenBuckets, b.rules.Sudden)) {
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

func (b *breaker) count(now time.Time, bad bool) {
	bucket := now.UnixNano() / int64(b.rules.Window/breakerBuckets)
	for n := min(bucket-b.bucket, breakerBuckets); n > 0; n-- {
		b.counts[(bucket-n+1)%breakerBuckets].total, b.counts[(bucket-n+1)%breakerBuckets].bad = 0, 0
	}
	b.bucket = max(bucket, b.bucket)
	c := &b.counts[b.bucket%breakerBuckets]
	c.total++
	if bad {
		c.bad++
	}
}

// fails reports whether enough calls ended in the newest buckets, and that
// share of them badly.
func (b *breaker) fails(buckets int64, share float64) bool {
	total, bad := 0, 0
	for i := range min(buckets, b.bucket+1) {
		c := b.counts[(b.bucket-i)%breakerBuckets]
		total, bad = total+c.total, bad+c.bad
	}
	return total >= b.rules.Least && float64(bad) >= share*float64(total)
}
