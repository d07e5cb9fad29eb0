package fairqueue

import "slices"

// Key says with whom an item shares its turns.
type Key struct{ Lane, Network, Session string }

// Queue holds items in the order of their turns. The zero value is empty.
//
// Items cost the same, so deficit round-robin with a quantum of one is plain
// round-robin over lists that are never empty.
type Queue[T comparable] struct {
	root node[T]
	size int
}

// node is a session with its items, or has children that take turns.
type node[T comparable] struct {
	key   string
	items []T        // the oldest first
	order []*node[T] // none is empty
	at    int        // whose turn it is in order
	child map[string]*node[T]
}

// Len is how many items wait.
func (q *Queue[T]) Len() int { return q.size }

// Push lets an item wait behind those of its session. A new session, network
// or lane waits for one whole round at most.
func (q *Queue[T]) Push(k Key, item T) {
	n := &q.root
	for _, key := range [...]string{k.Lane, k.Network, k.Session} {
		n = n.get(key)
	}
	n.items = append(n.items, item)
	q.size++
}

// Pop removes the next item in turn for which fits says yes. Within a session
// only the oldest is asked: a session's items keep their order.
func (q *Queue[T]) Pop(fits func(T) bool) (item T, ok bool) {
	if item, ok = q.root.pop(fits); ok {
		q.size--
	}
	return item, ok
}

// Remove takes an item out of turn and reports whether it waited.
func (q *Queue[T]) Remove(k Key, item T) bool {
	ok := q.root.remove([]string{k.Lane, k.Network, k.Session}, item)
	if ok {
		q.size--
	}
	return ok
}

// Ranked lists the items in the order in which they come when all fit.
func (q *Queue[T]) Ranked() []T { return slices.Clone(q.root.ranked()) }

func (n *node[T]) empty() bool { return len(n.order)+len(n.items) == 0 }

// get returns a child. A new one goes right before the one whose turn it is.
func (n *node[T]) get(key string) *node[T] {
	if c, ok := n.child[key]; ok {
		return c
	}
	if n.child == nil {
		n.child = make(map[string]*node[T])
	}
	c := &node[T]{key: key}
	n.child[key] = c
	n.order = slices.Insert(n.order, n.at, c)
	if len(n.order) > 1 {
		n.at++
	}
	return c
}

// pop asks the children from the one whose turn it is until one gives an item;
// the turn then passes on.
func (n *node[T]) pop(fits func(T) bool) (item T, ok bool) {
	if len(n.items) > 0 {
		first := n.items[0]
		if !fits(first) {
			return item, false
		}
		n.items[0] = item // nothing, so that the first can be collected
		n.items = n.items[1:]
		return first, true
	}
	for i := range len(n.order) {
		i = (n.at + i) % len(n.order)
		c := n.order[i]
		if item, ok = c.pop(fits); !ok {
			continue
		}
		n.at = i + 1
		if c.empty() {
			n.drop(i)
		} else if n.at == len(n.order) {
			n.at = 0
		}
		return item, true
	}
	return item, false
}

func (n *node[T]) remove(path []string, item T) bool {
	if len(path) == 0 {
		i := slices.Index(n.items, item)
		if i < 0 {
			return false
		}
		n.items = append(n.items[:i:i], n.items[i+1:]...)
		return true
	}
	c, ok := n.child[path[0]]
	if !ok || !c.remove(path[1:], item) {
		return false
	}
	if c.empty() {
		n.drop(slices.Index(n.order, c))
	}
	return true
}

// drop forgets the child at i; whose turn it is stays.
func (n *node[T]) drop(i int) {
	delete(n.child, n.order[i].key)
	n.order = slices.Delete(n.order, i, i+1)
	if n.at > i {
		n.at--
	}
	if n.at >= len(n.order) {
		n.at = 0
	}
}

// ranked lists the items of all children, one of each in turn.
func (n *node[T]) ranked() []T {
	if len(n.order) == 0 {
		return n.items
	}
	lists, size := make([][]T, 0, len(n.order)), 0
	for i := range n.order {
		l := n.order[(n.at+i)%len(n.order)].ranked()
		lists, size = append(lists, l), size+len(l)
	}
	if len(lists) == 1 {
		return lists[0]
	}
	out := make([]T, 0, size)
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
