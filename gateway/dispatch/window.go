package dispatch

import (
	"slices"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// window holds the tasks that wait, fair in three steps: every campaign has
// its turn, as has everybody else together; then every network, and within a
// network every session. So a campaign's crowd, which is often behind one
// address, neither waits behind everybody nor keeps them waiting. Tasks cost
// the same, so deficit round-robin with a quantum of one is plain round-robin
// over lists that are never empty.
type window struct {
	lanes ring[string, *networks] // by campaign, "" for everybody else
	size  int
}

type (
	networks = ring[string, *sessions]
	sessions = ring[task.SessionID, *fifo]
)

type fifo struct{ items []*item }

func (f *fifo) empty() bool { return len(f.items) == 0 }

// ring is a round-robin over keyed, non-empty children.
type ring[K comparable, V interface{ empty() bool }] struct {
	order []K
	at    int
	child map[K]V
}

func (r *ring[K, V]) empty() bool { return len(r.order) == 0 }

func (r *ring[K, V]) get(k K, fresh func() V) V {
	if v, ok := r.child[k]; ok {
		return v
	}
	if r.child == nil {
		r.child = make(map[K]V)
	}
	v := fresh()
	r.child[k] = v
	// A newcomer waits for one whole round at most: it goes right before the
	// one whose turn it is.
	r.order = append(r.order, k)
	copy(r.order[r.at+1:], r.order[r.at:len(r.order)-1])
	r.order[r.at] = k
	if len(r.order) > 1 {
		r.at++
	}
	return v
}

// turn visits children from the one whose turn it is until use says that it
// took something; the turn then passes on.
func (r *ring[K, V]) turn(use func(V) bool) bool {
	for n := range len(r.order) {
		i := (r.at + n) % len(r.order)
		k := r.order[i]
		if !use(r.child[k]) {
			continue
		}
		if r.child[k].empty() {
			r.drop(i)
			r.at = i
		} else {
			r.at = i + 1
		}
		if r.at >= len(r.order) {
			r.at = 0
		}
		return true
	}
	return false
}

func (r *ring[K, V]) drop(i int) {
	delete(r.child, r.order[i])
	r.order = append(r.order[:i], r.order[i+1:]...)
}

// prune drops a child that became empty out of turn.
func (r *ring[K, V]) prune(k K) {
	for i, o := range r.order {
		if o == k {
			r.drop(i)
			if r.at > i {
				r.at--
			}
			if r.at >= len(r.order) {
				r.at = 0
			}
			return
		}
	}
}

func newWindow() *window { return &window{} }

func (w *window) len() int { return w.size }

func (w *window) push(it *item) {
	j := it.lease.Job
	lane := w.lanes.get(j.Campaign, func() *networks { return &networks{} })
	network := lane.get(j.Network, func() *sessions { return &sessions{} })
	f := network.get(j.Session, func() *fifo { return &fifo{} })
	f.items = append(f.items, it)
	w.size++
}

// pop removes the next task in turn for which fits says yes. Within a session
// only the oldest is asked: its tasks keep their order.
func (w *window) pop(fits func(*item) bool) *item {
	var got *item
	first := func(f *fifo) bool {
		if !fits(f.items[0]) {
			return false
		}
		got = f.items[0]
		f.items[0] = nil
		f.items = f.items[1:]
		return true
	}
	w.lanes.turn(func(lane *networks) bool {
		return lane.turn(func(network *sessions) bool { return network.turn(first) })
	})
	if got != nil {
		w.size--
	}
	return got
}

// remove takes a task out of turn.
func (w *window) remove(it *item) bool {
	j := it.lease.Job
	lane, ok := w.lanes.child[j.Campaign]
	if !ok {
		return false
	}
	network, ok := lane.child[j.Network]
	if !ok {
		return false
	}
	f, ok := network.child[j.Session]
	if !ok {
		return false
	}
	i := slices.Index(f.items, it)
	if i < 0 {
		return false
	}
	f.items = append(f.items[:i:i], f.items[i+1:]...)
	w.size--
	if f.empty() {
		network.prune(j.Session)
	}
	if network.empty() {
		lane.prune(j.Network)
	}
	if lane.empty() {
		w.lanes.prune(j.Campaign)
	}
	return true
}

// ranked lists the waiting tasks in the order in which they will start.
func (w *window) ranked() []*item {
	return slices.Clone(merged(&w.lanes, func(lane *networks) []*item {
		return merged(lane, func(network *sessions) []*item {
			return merged(network, func(f *fifo) []*item { return f.items })
		})
	}))
}

// merged lists what the children of a ring list, one of each in turn.
func merged[K comparable, V interface{ empty() bool }](r *ring[K, V], list func(V) []*item) []*item {
	lists, size := make([][]*item, 0, len(r.order)), 0
	for n := range r.order {
		l := list(r.child[r.order[(r.at+n)%len(r.order)]])
		lists, size = append(lists, l), size+len(l)
	}
	if len(lists) == 1 {
		return lists[0]
	}
	out := make([]*item, 0, size)
	for len(lists) > 0 {
		left := lists[:0]
		for _, l := range lists {
			if out = append(out, l[0]); len(l) > 1 {
				left = append(left, l[1:])
			}
		}
		lists = left
	}
	return out
}
