package turns

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/imgfleet/imgfleet/pkg/fairqueue"
)

// ErrFull says that there is no place to wait: the queue is full, or the key has as
// many in it as it may.
var ErrFull = errors.New("too many wait already")

// Key says with whom one shares its turns. An empty one shares them with all others
// whose key is empty, and is bounded by none of its parts.
type Key = fairqueue.Key

// Config bounds a line.
type Config struct {
	Room       func() int // that go on at once; asked each time, 0 is 1
	Most       int        // that wait
	PerNetwork int        // of one network that wait, 0 for no bound
	PerSession int        // of one session that wait, 0 for no bound
}

// Line is one queue. Its users are told apart by their keys: lanes have their turns
// in a circle, and so have the networks of a lane and the sessions of a network.
type Line struct {
	c Config

	mu      sync.Mutex
	queue   fairqueue.Queue[*place]
	places  map[*place]struct{}
	waiting counts
	going   counts
	arrived uint64
}

// place is one that waits.
type place struct {
	key   Key
	turn  chan error // nil: it may go on; a buffer of one, so that nobody waits for it
	since uint64
}

// New makes an empty line.
func New(c Config) *Line {
	return &Line{c: c, places: make(map[*place]struct{}), waiting: newCounts(), going: newCounts()}
}

// Waiting is how many wait.
func (l *Line) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting.all
}

// Take waits for a turn. Whoever has it gives it back once. It is ErrFull where
// there is no place to wait, or none any more: in a full queue, whoever has few
// waiting takes a place of those that have most.
func (l *Line) Take(ctx context.Context, k Key) (giveBack func(), err error) {
	p, err := l.enter(k)
	if err != nil {
		return nil, err
	}
	select {
	case err = <-p.turn:
	case <-ctx.Done():
		if l.leave(p) {
			return nil, ctx.Err()
		}
		if err = <-p.turn; err == nil { // it came at the same time
			l.giveBack(k)
			err = ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { l.giveBack(k) }), nil
}

func (l *Line) enter(k Key) (*place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k != (Key{}) && (over(l.waiting.session(k), l.c.PerSession) || over(l.waiting.network(k), l.c.PerNetwork)) {
		return nil, ErrFull
	}
	if l.waiting.all >= l.c.Most && !l.displace(k) {
		return nil, ErrFull
	}
	l.arrived++
	p := &place{key: k, turn: make(chan error, 1), since: l.arrived}
	l.queue.Push(k, p)
	l.places[p] = struct{}{}
	l.waiting.add(k, 1)
	l.next(nil)
	return p, nil
}

// over reports whether one more is too many.
func over(n, most int) bool { return most > 0 && n >= most }

// displace takes a place from those that have most: the newest of the largest
// network of the largest lane. It takes none from whoever has less than two more
// than the one of k.
func (l *Line) displace(k Key) bool {
	var last *place
	for p := range l.places {
		much := l.waiting.lane(p.key) > l.waiting.lane(k)+1 || l.waiting.network(p.key) > l.waiting.network(k)+1
		if much && (last == nil || l.before(last, p)) {
			last = p
		}
	}
	if last == nil {
		return false
	}
	l.remove(last)
	last.turn <- ErrFull
	return true
}

// before reports whether b is displaced before a.
func (l *Line) before(a, b *place) bool {
	return cmp.Or(
		cmp.Compare(l.waiting.lane(a.key), l.waiting.lane(b.key)),
		cmp.Compare(l.waiting.network(a.key), l.waiting.network(b.key)),
		cmp.Compare(a.since, b.since),
	) < 0
}

// leave takes a place out of the queue and reports whether it was still there.
func (l *Line) leave(p *place) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, there := l.places[p]; !there {
		return false
	}
	l.remove(p)
	return true
}

func (l *Line) remove(p *place) {
	l.queue.Remove(p.key, p)
	l.forget(p)
}

// forget counts a place no more that is out of the queue.
func (l *Line) forget(p *place) {
	delete(l.places, p)
	l.waiting.add(p.key, -1)
}

func (l *Line) giveBack(k Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.going.add(k, -1)
	l.next(&k)
}

// next lets those go on for whom there is room. Whoever has just had a turn comes
// after those who wait beside it.
func (l *Line) next(had *Key) {
	room := max(1, l.c.Room())
	for l.going.all < room {
		p, ok := l.pop(had, room)
		if !ok {
			return
		}
		l.forget(p)
		l.going.add(p.key, 1)
		p.turn <- nil
	}
}

// pop takes the next out of the queue: of another lane than had, else of another
// network, else of another session, else whoever fits.
func (l *Line) pop(had *Key, room int) (p *place, ok bool) {
	for n := lanes; had != nil && n < levels; n++ {
		p, ok = l.queue.Pop(func(p *place) bool { return at(n, p.key) != at(n, *had) && l.fits(p.key, room) })
		if ok {
			return p, true
		}
	}
	return l.queue.Pop(func(p *place) bool { return l.fits(p.key, room) })
}

// fits reports whether one more of a key may go on. A network leaves one turn to
// others, and a session half of them, so that a stranger need not wait for the
// slowest of theirs.
func (l *Line) fits(k Key, room int) bool {
	return k == (Key{}) || l.going.network(k) < max(1, room-1) && l.going.session(k) < max(1, room/2)
}
