package objective

import (
	"math"
	"time"
)

// Counts are what happened in a minute, or in many.
type Counts struct {
	Good    int64           `json:"good,omitempty"`    // tasks that kept the promise
	Bad     int64           `json:"bad,omitempty"`     // and that broke it
	Took    map[int64]int64 `json:"took,omitempty"`    // good ones by milliseconds, rounded up as graded says
	Answers int64           `json:"answers,omitempty"` // to people
	Errors  int64           `json:"errors,omitempty"`  // of these
}

// graded rounds a time up, by a fortieth of it at most, and short ones by 10 ms:
// a few hundred numbers are enough for all times.
func graded(d time.Duration) int64 {
	ms, step := int64(math.Ceil(float64(d)/float64(time.Millisecond))), int64(10)
	for ms > 200*step {
		step *= 5
	}
	return (ms + step - 1) / step * step
}

// add adds other counts.
func (c *Counts) add(o Counts) {
	c.Good += o.Good
	c.Bad += o.Bad
	c.Answers += o.Answers
	c.Errors += o.Errors
	for ms, n := range o.Took {
		c.took(ms, n)
	}
}

func (c *Counts) took(ms, n int64) {
	if c.Took == nil {
		c.Took = make(map[int64]int64)
	}
	c.Took[ms] += n
}

// empty reports whether nothing happened.
func (c Counts) empty() bool { return c.Good+c.Bad+c.Answers == 0 }
