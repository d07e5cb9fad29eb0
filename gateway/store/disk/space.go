package disk

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const spaceEvery = time.Second

// space refuses writes politely before the disk is full. It asks the system
// once a second at most.
type space struct {
	dir    string
	min    int64
	asked  atomic.Int64 // unix nanoseconds
	free   atomic.Int64 // bytes, when last asked
	scarce atomic.Bool
}

func (s *space) check() error {
	if s.min == 0 {
		return nil
	}
	now, asked := time.Now().UnixNano(), s.asked.Load()
	if now-asked > int64(spaceEvery) && s.asked.CompareAndSwap(asked, now) {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(s.dir, &fs); err == nil {
			s.free.Store(free(fs))
			s.scarce.Store(free(fs) < s.min)
		}
	}
	if s.scarce.Load() {
		return fault.Wrap(fault.StorageFull, fmt.Errorf("%d bytes are free, store.minFree is %d", s.free.Load(), s.min)).After(30 * time.Second)
	}
	return nil
}

// Space asks the file system how much room there is.
func (d *Disk) Space() (store.Space, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(d.config.Dir, &fs); err != nil {
		return store.Space{}, classify(err)
	}
	return store.Space{Free: free(fs), Total: int64(fs.Blocks) * blockSize(fs), MinFree: d.config.MinFree}, nil
}

func free(fs syscall.Statfs_t) int64 { return int64(fs.Bavail) * blockSize(fs) }

func blockSize(fs syscall.Statfs_t) int64 {
	return int64(fs.Bsize) //nolint:unconvert // macOS has another type
}
