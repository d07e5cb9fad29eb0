package partial

import (
	"errors"
	"hash"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const bufferBytes = 64 << 10 // an upload's whole share of memory

// buffers lends each writer its buffer.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[]byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return p
	}
	p := make([]byte, bufferBytes)
	return &p
}

// Chunk is a piece of an upload on its way to the file.
type Chunk struct {
	Offset int64
	Max    int64 // no more than this is read
	Source io.Reader
	Hash   hash.Hash    // sees the bytes, when not nil
	Accept func() error // asked at the end, when not nil: an error takes the bytes back
}

// Append writes a chunk at its offset and returns how much of it is kept. When
// the source fails, what came before is kept and the source's error is not
// reported. When the disk is full the chunk is taken back, so that others have
// room. While another process writes the same upload it is fault.UploadLocked.
func (f *Files) Append(s task.SessionID, id task.UploadID, c Chunk) (n int64, err error) {
	file, err := os.OpenFile(f.Path(s, id), os.O_WRONLY, 0)
	if err != nil {
		return 0, classify(err)
	}
	defer func() { err = errors.Join(err, classify(file.Close())) }()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return 0, classify(err)
	}
	if fi, err := file.Stat(); err != nil {
		return 0, classify(err)
	} else if fi.Size() != c.Offset {
		return 0, fault.New(fault.UploadOffsetMismatch) // somebody was here before we had the lock
	}
	promise, err := f.room.Promise(c.Max)
	if err != nil {
		return 0, err
	}
	defer promise.Return()
	room := f.room.Write()
	defer room.End()
	n, err = f.copy(file, c, promise, room)
	if fault.CodeOf(err) == fault.StorageFull {
		return 0, errors.Join(err, classify(file.Truncate(c.Offset)))
	}
	if err == nil && c.Accept != nil {
		err = c.Accept()
	}
	if err != nil && c.Accept != nil {
		return 0, errors.Join(err, classify(file.Truncate(c.Offset)))
	}
	return n, err
}

func (f *Files) copy(file *os.File, c Chunk, promise *room.Promise, room *room.Writer) (n int64, err error) {
	buffer := f.buffers.get()
	defer f.buffers.pool.Put(buffer)
	source := io.LimitReader(c.Source, c.Max)
	for {
		m, rerr := io.ReadFull(source, *buffer) // so that a write is worth its call
		if m > 0 {
			if c.Hash != nil {
				_, _ = c.Hash.Write((*buffer)[:m])
			}
			promise.Came(int64(m))
			if err := room.Take(int64(m)); err != nil {
				return n, err
			}
			w, err := file.WriteAt((*buffer)[:m], c.Offset+n)
			n += int64(w)
			if err != nil {
				return n, classify(err)
			}
		}
		if rerr != nil {
			return n, nil //nolint:nilerr // what arrived is kept, however it ended
		}
	}
}
