package health

import "time"

const (
	rateRest     = 500 * time.Millisecond // when a vendor that limits us does not say for how long
	mostRateRest = 5 * time.Minute        // however long it says
	widest       = 1 << 10                // a window this wide limits nobody
)

// concurrency finds out how many calls at once a vendor bears: half as many after
// each refusal for their rate, then one more for each success up to nine tenths
// of what was refused, and from there one more for each window of successes, so
// that a refusal now and then costs little. It is the window that is halved,
// not the few calls that a rest has left under way. It is no limit until the
// first refusal, and again once it has grown past the configured one.
type concurrency struct {
	window float64   // calls at once, 0 for no limit of ours
	safe   float64   // the window up to which it grows quickly
	cut    time.Time // when it was last halved
	until  time.Time // no call before
	row    int       // halvings since the last success
}

// refused takes a refusal in: of a call begun at a time, while inFlight ran,
// itself among them. Calls that began before the last cut tell nothing new.
func (c *concurrency) refused(now, begun time.Time, after time.Duration, inFlight int) {
	if !begun.Before(c.cut) {
		bore := max(c.window, float64(inFlight))
		c.window, c.safe = max(1, bore/2), 0.9*bore
		if after == 0 {
			after = rateRest << min(c.row, 5)
		}
		c.cut = now
		c.row++
	}
	if after == 0 {
		after = rateRest
	}
	if until := now.Add(min(after, mostRateRest)); until.After(c.until) {
		c.until = until
	}
}

// succeeded widens the window; most is the configured limit, 0 for none.
func (c *concurrency) succeeded(most int) {
	c.row = 0
	if c.window == 0 {
		return
	}
	if c.window < c.safe {
		c.window = min(c.window+1, c.safe)
	} else {
		c.window += 1 / c.window
	}
	if c.window >= widest || (most > 0 && c.window >= float64(most)) {
		c.window = 0
	}
}

// room is how many calls may run at once, 0 for no limit.
func (c *concurrency) room(most int) int {
	if c.window == 0 {
		return most
	}
	return int(c.window)
}
