package dispatch

import (
	"fmt"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
)

// A queue that is served keeps its age: who waits longest is next. One whose
// age grows with the clock is not served, or not as fast as it fills.
const (
	growthOver  = 30 * time.Second
	growthLeast = 15 * time.Second // in that time
	growthFrom  = 30 * time.Second // of age: less is a busy moment
)

// growth remembers how long the oldest waiting task had waited of late.
type growth struct {
	mu   sync.Mutex
	seen []aged // one a second at most
}

type aged struct {
	at  time.Time
	age time.Duration
}

// alarm takes in since when the oldest task waits, zero for none, and says
// whether the queue grows old.
func (g *growth) alarm(oldest, now time.Time, waiting int) (out []Alarm) {
	g.mu.Lock()
	defer g.mu.Unlock()
	age := time.Duration(0)
	if !oldest.IsZero() {
		age = max(0, now.Sub(oldest))
	}
	for len(g.seen) > 0 && now.Sub(g.seen[0].at) > growthOver {
		g.seen = g.seen[1:]
	}
	before := age
	if len(g.seen) > 0 {
		before = g.seen[0].age
	}
	if n := len(g.seen); n == 0 || now.Sub(g.seen[n-1].at) >= time.Second {
		g.seen = append(g.seen, aged{now, age})
	}
	if age < growthFrom || age-before < growthLeast {
		return nil
	}
	return []Alarm{{
		What: alarm.QueueGrows, Severity: alarm.Warning,
		Message: fmt.Sprintf("the oldest of %d waiting tasks waits for %v, %v longer than half a minute ago", max(1, waiting), age.Round(time.Second), (age - before).Round(time.Second)),
	}}
}
