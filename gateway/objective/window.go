package objective

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Window is over what the objectives are measured.
const Window = time.Hour

// minute counts minutes since 1970.
type minute int64

func minuteOf(t time.Time) minute { return minute(t.Unix() / 60) }

// old reports whether a minute is out of the window.
func (m minute) old(now time.Time) bool { return minuteOf(now)-m >= minute(Window/time.Minute) }

func (m minute) String() string { return strconv.FormatInt(int64(m), 10) }

func parseMinute(s string) (minute, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	return minute(n), err
}

// window is what this gateway has counted, by minute.
type window struct {
	now             func() time.Time
	answers, errors atomic.Int64 // since the last look: a request takes no lock

	mu      sync.Mutex
	minutes map[minute]Counts
}

func (w *window) good(took time.Duration) {
	c := Counts{Good: 1}
	c.took(graded(took), 1)
	w.add(c)
}

func (w *window) bad() { w.add(Counts{Bad: 1}) }

func (w *window) add(c Counts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addLocked(c)
}

func (w *window) addLocked(c Counts) {
	if c.empty() {
		return
	}
	if w.minutes == nil {
		w.minutes = make(map[minute]Counts)
	}
	m := minuteOf(w.now())
	sum := w.minutes[m]
	sum.add(c)
	w.minutes[m] = sum
}

// look gives a copy of what was counted, the last answers included, and
// forgets what is too old.
func (w *window) look() map[minute]Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addLocked(Counts{Answers: w.answers.Swap(0), Errors: w.errors.Swap(0)})
	now, out := w.now(), make(map[minute]Counts, len(w.minutes))
	for m, c := range w.minutes {
		if m.old(now) {
			delete(w.minutes, m)
			continue
		}
		c.Took = maps.Clone(c.Took)
		out[m] = c
	}
	return out
}
