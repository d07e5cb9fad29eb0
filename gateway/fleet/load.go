package fleet

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
)

// fewInspects is what a worker judges at once that does not tell.
const fewInspects = 2

func inspects(m Member) int { return cmp.Or(max(0, m.Inspects), fewInspects) }

// load counts the photos that each worker judges for this gateway.
type load struct {
	mu sync.Mutex
	of map[string]int // by the worker's id
}

// begin counts one more until it ends.
func (l *load) begin(worker string) (end func()) {
	l.add(worker, 1)
	return func() { l.add(worker, -1) }
}

func (l *load) add(worker string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = make(map[string]int)
	}
	if l.of[worker] += n; l.of[worker] == 0 {
		delete(l.of, worker)
	}
}

// order sorts workers: those that have least to do for what they can come first,
// and chance decides among equal ones.
func (l *load) order(ws []Member) []Member {
	rand.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(ws, func(a, b Member) int {
		return cmp.Compare(float64(l.of[a.ID])/float64(inspects(a)), float64(l.of[b.ID])/float64(inspects(b)))
	})
	return ws
}
