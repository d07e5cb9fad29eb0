package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// What is left for work in progress, and what is left for the embedded server
// alone: it never writes again to a stream that it could not write to once.
const (
	roomEvery       = 100 * time.Millisecond
	diskReserve     = 64 << 20 // bytes
	diskShare       = 16       // of a small disk the reserve is a sixteenth
	openReserve     = 32       // descriptors
	openShare       = 16
	lastShare       = 4 // of the reserve
	roomRetry       = 5 * time.Second
	descriptorsPath = "/proc/self/fd"
)

// room knows how much disk and how many descriptors are left to the embedded
// server. It asks the system ten times a second at most.
type room struct {
	dir   string
	asked atomic.Int64 // unix nanoseconds
	found atomic.Pointer[shortage]
}

// shortage is too little of something.
type shortage struct {
	code fault.Code
	last bool // not even what is in progress can be written
	err  error
}

func (s *shortage) fault() error { return fault.Wrap(s.code, s.err).After(roomRetry) }

// accepts refuses new work when it would use the reserve.
func (r *room) accepts() error {
	if r == nil { // an external engine has its own
		return nil
	}
	if s := r.look(); s != nil {
		return s.fault()
	}
	return nil
}

// writes refuses everything when only the server's own part of the reserve is
// left.
func (r *room) writes() error {
	if r == nil { // an external engine has its own
		return nil
	}
	if s := r.look(); s != nil && s.last {
		return s.fault()
	}
	return nil
}

func (r *room) look() *shortage {
	now, asked := time.Now().UnixNano(), r.asked.Load()
	if now-asked > int64(roomEvery) && r.asked.CompareAndSwap(asked, now) {
		r.found.Store(r.ask())
	}
	return r.found.Load()
}

func (r *room) ask() *shortage {
	var disk, open *shortage
	var on syscall.Statfs_t
	if err := syscall.Statfs(r.dir, &on); err == nil {
		unit := uint64(on.Bsize) //nolint:gosec // no size is negative
		disk = lack(fault.StorageFull, "bytes of the disk of data.dir", on.Bavail*unit, min(diskReserve, on.Blocks*unit/diskShare))
	}
	var most syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most); err == nil {
		used, known := descriptors()
		if free := max(used, most.Cur) - used; known {
			open = lack(fault.EngineUnavailable, "file descriptors", free, min(openReserve, most.Cur/openShare))
		}
	}
	if disk == nil || open != nil && open.last && !disk.last {
		return open
	}
	return disk
}

// lack is nil where more is free than the reserve.
func lack(code fault.Code, of string, free, reserve uint64) *shortage {
	if free >= reserve {
		return nil
	}
	return &shortage{code: code, last: free < reserve/lastShare, err: fmt.Errorf("%d %s are free, %d are kept for work in progress", free, of, reserve)}
}

// descriptors counts those that are open. Linux has the number since 6.2; before
// that they are listed, and where neither is possible nothing is known.
func descriptors() (n uint64, known bool) {
	if is, err := os.Stat(descriptorsPath); err == nil && is.Size() > 0 {
		return uint64(is.Size()), true
	}
	d, err := os.Open(descriptorsPath)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false
	}
	if err != nil { // there is none left
		return ^uint64(0), true
	}
	defer func() { _ = d.Close() }()
	names, err := d.Readdirnames(-1)
	return uint64(len(names)), err == nil
}

// Accepts refuses new work while the embedded server has little disk or few
// descriptors left: what is in progress may use them. Of an external engine it
// knows nothing.
func (e *Engine) Accepts() error { return e.room.accepts() }
