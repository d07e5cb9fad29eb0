package gate

import (
	"sync/atomic"
	"time"
)

const (
	roomAtOnce = 16                     // connections closed to make room for one: more will come
	roomAgain  = 100 * time.Millisecond // after which it is worth looking again for idle ones
)

// room makes room for a new connection, at the cost of idle ones: a crowd that
// only holds its connections keeps nobody out.
type room struct {
	shed   atomic.Pointer[func(most int) int]
	closed atomic.Int64
	none   time.Time // when there were no more to close; only Accept touches it
}

// Shed sets what closes idle connections, so many at most, and says how many
// it closed. Without it a full listener refuses.
func (l *Listener) Shed(shed func(most int) int) { l.room.shed.Store(&shed) }

func (r *room) make() bool {
	shed := r.shed.Load()
	if shed == nil || time.Since(r.none) < roomAgain {
		return false
	}
	n := (*shed)(roomAtOnce)
	if n < roomAtOnce {
		r.none = time.Now()
	}
	r.closed.Add(int64(n))
	return n > 0
}
