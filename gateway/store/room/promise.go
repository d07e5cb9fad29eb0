package room

// Promise is room that is set aside for a body. It shrinks as the body comes:
// what is there is on the disk itself. The methods of nil do nothing; it is
// for places that have no disk.
type Promise struct {
	room *Room
	left int64 // guarded by the room
}

// Promise sets n bytes aside, or says fault.StorageFull.
func (r *Room) Promise(n int64) (*Promise, error) {
	r.look(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.fits(n); err != nil {
		return nil, err
	}
	r.promised += n
	return &Promise{room: r, left: n}, nil
}

// Came says that n bytes more of the body are there.
func (p *Promise) Came(n int64) {
	if p == nil {
		return
	}
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.give(n)
}

// Return gives back what did not come. It may be called again.
func (p *Promise) Return() {
	if p == nil {
		return
	}
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.give(p.left)
}

func (p *Promise) give(n int64) {
	n = min(n, p.left)
	p.left -= n
	p.room.promised -= n
}
