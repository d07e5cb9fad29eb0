package ramp

import (
	"fmt"
	"math"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
)

// Calls are the calls to one provider whose outcome says something about it.
type Calls struct {
	Good, Bad int64
	Tripped   bool // one of its breakers is not closed now
}

// All is the number of calls.
func (c Calls) All() int64 { return c.Good + c.Bad }

// Share is the share of calls that gave a picture.
func (c Calls) Share() float64 { return float64(c.Good) / float64(max(1, c.All())) }

// since is the calls that came after an earlier count. A count that is lower
// than the earlier one is of a new term and stands by itself.
func (c Calls) since(before Calls) Calls {
	if c.Good >= before.Good && c.Bad >= before.Bad {
		c.Good, c.Bad = c.Good-before.Good, c.Bad-before.Bad
	}
	return c
}

// z is how sure a verdict must be, in standard deviations. It is reached
// every second. A plain comparison of shares would sooner or later roll back
// every provider that fails now and then.
const z = 2

// atBest and atWorst are the bounds of Wilson's interval for the share.
func (c Calls) atBest() float64  { return c.bound(+1) }
func (c Calls) atWorst() float64 { return c.bound(-1) }

func (c Calls) bound(sign float64) float64 {
	n := float64(max(1, c.All()))
	p := c.Share()
	return (p + z*z/(2*n) + sign*z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
}

// verdict is what happens to a switch next.
type verdict int

const (
	stay verdict = iota
	next
	done
	back
)

// decide looks at the calls of the current step to the new provider, and at
// those of the whole switch to the old one.
func decide(r *policy.Ramp, from, to Calls, now time.Time) (verdict, string) {
	enough := to.All() >= int64(r.Samples)
	made := fmt.Sprintf("%s made a picture of %.0f%% of %d calls", r.To, 100*to.Share(), to.All())
	switch {
	case (enough || to.Tripped && to.All() > 0) && to.atBest() < r.Floor:
		return back, fmt.Sprintf("%s; the floor is %.0f%%", made, 100*r.Floor)
	case enough && from.All() >= int64(r.Samples) && to.atBest() < from.atWorst():
		return back, fmt.Sprintf("%s; %s of %.0f%%", made, r.From, 100*from.Share())
	case !enough || now.Before(r.StepAt.Add(r.Every())):
		return stay, ""
	case r.Step == len(r.Steps)-1:
		return done, made
	default:
		return next, made
	}
}
