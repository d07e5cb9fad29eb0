package health

import (
	"math"
	"testing"
	"time"
)

func TestACallThatWasBeatenWouldHaveTakenLonger(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, c := range map[string]struct {
		calls []paced
		want  time.Duration
	}{
		"all finished":                {[]paced{{3 * s, false}, {1 * s, false}, {2 * s, false}}, 2 * s},
		"slow ones are mostly beaten": {[]paced{{1 * s, true}, {1 * s, true}, {2 * s, true}, {7 * s, false}, {9 * s, false}}, 7 * s},
		"beaten after the middle":     {[]paced{{1 * s, false}, {2 * s, false}, {3 * s, true}}, 2 * s},
		"never let finish":            {[]paced{{1 * s, true}, {2 * s, true}}, math.MaxInt64},
		"never called":                {nil, math.MaxInt64},
	} {
		var p pace
		for _, call := range c.calls {
			p.add(call.took, call.beaten)
		}
		if got := p.median(); got != c.want {
			t.Errorf("%s: the median is %v, want %v", name, got, c.want)
		}
	}
}
