package dispatch

import "github.com/imgfleet/imgfleet/pkg/task"

// window holds the tasks that wait, fair in two steps: every network has its
// turn, and within a network every session. Tasks cost the same, so deficit
// round-robin with a quantum of one is plain round-robin over lists that are
// never empty.
type window struct {
	networks ring[string, *ring[task.SessionID, *fifo]]
	size     int
}

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
	sessions := w.networks.get(j.Network, func() *ring[task.SessionID, *fifo] { return &ring[task.SessionID, *fifo]{} })
	f := sessions.get(j.Session, func() *fifo { return &fifo{} })
	f.items = append(f.items, it)
	w.size++
}

// pop removes the next task in turn for which fits says yes. Within a session
// only the oldest is asked: its tasks keep their order.
func (w *window) pop(fits func(*item) bool) *item {
	var got *item
	w.networks.turn(func(sessions *ring[task.SessionID, *fifo]) bool {
		return sessions.turn(func(f *fifo) bool {
			if !fits(f.items[0]) {
				return false
			}
			got = f.items[0]
			f.items[0] = nil
			f.items = f.items[1:]
			return true
		})
	})
	if got != nil {
		w.size--
	}
	return got
}

// remove takes a task out of turn.
func (w *window) remove(it *item) bool {
	j := it.lease.Job
	sessions, ok := w.networks.child[j.Network]
	if !ok {
		return false
	}
	f, ok := sessions.child[j.Session]
	if !ok {
		return false
	}
	for i := range f.items {
		if f.items[i] != it {
			continue
		}
		f.items = append(f.items[:i:i], f.items[i+1:]...)
		w.size--
		if f.empty() {
			sessions.prune(j.Session)
		}
		if sessions.empty() {
			w.networks.prune(j.Network)
		}
		return true
	}
	return false
}

// ranked lists the waiting tasks in the order in which they will start.
func (w *window) ranked() []*item {
	type lane struct {
		sessions [][]*item
		at       int
	}
	lanes := make([]*lane, 0, len(w.networks.order))
	for n := range w.networks.order {
		sessions := w.networks.child[w.networks.order[(w.networks.at+n)%len(w.networks.order)]]
		l := &lane{}
		for s := range sessions.order {
			l.sessions = append(l.sessions, sessions.child[sessions.order[(sessions.at+s)%len(sessions.order)]].items)
		}
		lanes = append(lanes, l)
	}
	out := make([]*item, 0, w.size)
	for len(out) < w.size {
		for _, l := range lanes {
			if len(l.sessions) == 0 {
				continue
			}
			i := l.at % len(l.sessions)
			out = append(out, l.sessions[i][0])
			if l.sessions[i] = l.sessions[i][1:]; len(l.sessions[i]) == 0 {
				l.sessions = append(l.sessions[:i], l.sessions[i+1:]...)
				l.at = i
			} else {
				l.at = i + 1
			}
		}
	}
	return out
}
