package room

import (
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	lookEvery = 10 * time.Millisecond // while something is written; in between what we write is counted
	fullRetry = 30 * time.Second
)

// Room is the free space of the disk that one directory lies on.
type Room struct {
	floor int64
	ask   func() (free int64, err error)

	mu       sync.Mutex
	looked   time.Time
	free     int64 // less what was written since looked
	pending  int64 // is being written
	promised int64 // and has not come yet
	parting  int   // writers that met the floor and have not let go
	parted   chan struct{}
}

// Of is the room of the disk under dir. Below floor nothing is written, unless
// that is 0.
func Of(dir string, floor int64) *Room {
	return New(floor, func() (int64, error) {
		free, _, err := Disk(dir)
		return free, err
	})
}

// New is the room of a disk of which ask says what is free.
func New(floor int64, ask func() (int64, error)) *Room {
	return &Room{floor: floor, ask: ask, parted: make(chan struct{})}
}

// Disk asks the system for the bytes of a disk.
func Disk(dir string) (free, total int64, err error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, 0, err
	}
	block := int64(fs.Bsize) //nolint:unconvert // macOS has another type
	return int64(fs.Bavail) * block, int64(fs.Blocks) * block, nil
}

// Fits says fault.StorageFull when there is no room for n bytes beside what is
// promised.
func (r *Room) Fits(n int64) error {
	r.look(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fits(n)
}

func (r *Room) fits(n int64) error {
	if r.free-r.pending-r.promised-n < r.floor && !r.looked.IsZero() {
		return fault.Wrap(fault.StorageFull, fmt.Errorf("%d bytes are free, of which %d are promised; %d more would go below store.minFree %d",
			r.free-r.pending, r.promised, n, r.floor)).After(fullRetry)
	}
	return nil
}

// Check says fault.StorageFull when there is less than the floor.
func (r *Room) Check() error {
	r.look(lookEvery)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.check(0)
}

func (r *Room) check(n int64) error {
	if r.floor > 0 && !r.looked.IsZero() && r.free-r.pending-n < r.floor {
		return fault.Wrap(fault.StorageFull, fmt.Errorf("%d bytes are free, store.minFree is %d", r.free-r.pending, r.floor)).After(fullRetry)
	}
	return nil
}

// look asks the system, unless that was done a moment ago. It holds no lock
// while it asks: a disk behind a network may not answer.
func (r *Room) look(within time.Duration) {
	r.mu.Lock()
	fresh := within > 0 && time.Since(r.looked) < within
	r.mu.Unlock()
	if fresh {
		return
	}
	free, err := r.ask()
	if err != nil {
		return // the write itself will say what is wrong
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free, r.looked = free, time.Now()
}

// Promised are the bytes that were promised and have not come.
func (r *Room) Promised() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.promised
}
