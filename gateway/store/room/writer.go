package room

import "time"

// partWithin bounds how long a writer at the floor waits for another to let go.
const partWithin = time.Second

// Writer is one file that grows.
type Writer struct {
	room    *Room
	pending int64 // guarded by the room
	parts   bool  // it met the floor
}

// Write begins a file. End must be called when it is finished, or removed.
func (r *Room) Write() *Writer { return &Writer{room: r} }

// Take asks for room before n bytes are written. At the floor it is
// fault.StorageFull: then the file has to be removed. Of several files that meet
// the floor together one after the other has to go, until the rest can go on.
func (w *Writer) Take(n int64) error {
	w.wrote()
	patience := time.NewTimer(partWithin)
	defer patience.Stop()
	for {
		w.room.look(lookEvery)
		parted, err := w.take(n)
		if parted == nil {
			return err
		}
		select {
		case <-parted:
		case <-patience.C:
			w.part()
			return err
		}
	}
}

// take gives a channel when another file is on its way out.
func (w *Writer) take(n int64) (parted <-chan struct{}, err error) {
	r := w.room
	r.mu.Lock()
	defer r.mu.Unlock()
	err = r.check(n)
	switch {
	case err == nil:
		w.pending = n
		r.pending += n
	case r.parting > 0:
		return r.parted, err
	default:
		w.parts = true
		r.parting++
	}
	return nil, err
}

// part says that this file has to go, too.
func (w *Writer) part() {
	w.room.mu.Lock()
	defer w.room.mu.Unlock()
	w.parts = true
	w.room.parting++
}

// wrote counts what was taken before: it is on the disk by now.
func (w *Writer) wrote() {
	r := w.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending -= w.pending
	r.free -= w.pending
	w.pending = 0
}

// End says that the file is finished, or that it is gone.
func (w *Writer) End() {
	w.wrote()
	r := w.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.parts {
		w.parts = false
		r.parting--
		r.looked = r.looked.Add(-lookEvery) // there is more room now
		close(r.parted)
		r.parted = make(chan struct{})
	}
}
