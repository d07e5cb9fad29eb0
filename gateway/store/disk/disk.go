package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	dirMode    = 0o700
	bufferSize = 64 << 10
	knownDirs  = 100_000 // about 10 MB when full
	tempKept   = time.Hour

	sweptRetries = 10 // of making a directory that sweepers find empty each time
)

// Config says where the objects lie.
type Config struct {
	Dir     string     // may hold foreign files; ours are under objects/
	Sync    bool       // fsync before Put returns, so that it survives a power cut
	MinFree int64      // refuse to write when less would be left, in bytes
	Room    *room.Room // of the disk, where others fill it too; nil makes one of Dir and MinFree

	Retention time.Duration // what an interrupted write left goes by then, and after an hour in any case; 0 is no bound
}

// Defaults leave the disk some air.
func Defaults() Config { return Config{MinFree: 256 << 20} }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Dir == "", "data.dir: must not be empty")
	faults.If(c.MinFree < 0, "store.minFree: must not be negative, is %d", c.MinFree)
	return faults.Err()
}

// tempKept is how long a write may be silent before it was interrupted.
func (c Config) tempKept() time.Duration {
	if c.Retention > 0 {
		return min(tempKept, c.Retention)
	}
	return tempKept
}

// Disk keeps each object in one file, and all objects of a session in one
// directory: objects/<2 characters>/<session>/<rest of the key>, with '~' for
// '/'. A write costs an open, a write, a close and a rename.
type Disk struct {
	config  Config
	root    string
	temp    string
	known   *otter.Cache[string, struct{}] // directories that exist
	room    *room.Room
	buffers sync.Pool
}

// Open prepares the directory and removes what an interrupted write left.
func Open(c Config) (*Disk, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	known, err := otter.New(&otter.Options[string, struct{}]{MaximumSize: knownDirs})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	d := &Disk{
		config: c, root: filepath.Join(c.Dir, "objects"), temp: filepath.Join(c.Dir, "objects", ".tmp"), known: known,
		room: c.Room,
	}
	if d.room == nil {
		d.room = room.Of(c.Dir, c.MinFree)
	}
	d.buffers.New = func() any { b := make([]byte, bufferSize); return &b }
	if err := os.MkdirAll(d.temp, dirMode); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := d.clearTemp(); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return d, nil
}

// clearTemp removes what interrupted writes left. Young files may be another
// gateway's, at work in the same directory.
func (d *Disk) clearTemp() error {
	var errs []error
	for e := range entries(d.temp, &errs) {
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > d.config.tempKept() {
			if err := os.Remove(filepath.Join(d.temp, e.Name())); !errors.Is(err, fs.ErrNotExist) { // its writer was faster
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// Put writes to a temporary file and renames it, so that a reader sees the
// old object or the whole new one.
func (d *Disk) Put(_ context.Context, key string, r io.Reader) (int64, error) {
	if err := d.room.Check(); err != nil {
		return 0, err
	}
	room := d.room.Write()
	defer room.End()
	f, err := os.CreateTemp(d.temp, "")
	if err != nil {
		return 0, classify(err)
	}
	n, err := d.fill(f, r, room)
	if err == nil {
		err = d.place(f.Name(), key)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return 0, err
	}
	return n, nil
}

// fill copies r to f and closes f in any case. Errors of r come back as they
// are, errors of the file classified.
func (d *Disk) fill(f *os.File, r io.Reader, room *room.Writer) (n int64, err error) {
	buffer := d.buffers.Get().(*[]byte)
	defer d.buffers.Put(buffer)
	for err == nil {
		var m int
		m, err = readSome(r, *buffer)
		if m > 0 {
			werr := room.Take(int64(m))
			if werr == nil {
				_, werr = f.Write((*buffer)[:m])
			}
			if werr != nil {
				err = classify(werr)
				break
			}
			n += int64(m)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
		if d.config.Sync {
			err = classify(f.Sync())
		}
	}
	if cerr := f.Close(); err == nil {
		err = classify(cerr)
	}
	return n, err
}

// readSome fills the buffer as far as r gives, so that a small object is one
// write. It returns io.EOF with the last bytes.
func readSome(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

// place renames a finished temporary file to its key. The directory is
// remembered; should it be gone (swept meanwhile), it is made again, and again
// when a sweeper comes between the two.
func (d *Disk) place(from, key string) error {
	dir, path := d.path(key)
	_, known := d.known.GetIfPresent(dir)
	err := d.rename(from, path, known)
	for range sweptRetries {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) { // MkdirAll, too, may meet a sweeper
			break
		}
		err = d.rename(from, path, false)
	}
	if err == nil && d.config.Sync {
		err = flush(dir)
	}
	return classify(err)
}

// rename makes the directory first, unless it is known to be there.
func (d *Disk) rename(from, path string, known bool) error {
	if dir := filepath.Dir(path); !known {
		if err := d.makeDir(dir); err != nil {
			return err
		}
		d.known.Set(dir, struct{}{})
	}
	return os.Rename(from, path)
}

// makeDir makes a session's directory. With Sync its way there is made to
// last too: an object whose directory is gone after a power cut is no object.
func (d *Disk) makeDir(dir string) error {
	if err := os.MkdirAll(dir, dirMode); err != nil || !d.config.Sync {
		return err
	}
	return errors.Join(flush(filepath.Dir(dir)), flush(d.root))
}

// flush makes a directory, or a file that somebody else wrote, survive a power
// cut.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return f.Sync()
}

// Adopt renames a finished file to its key. It fails with EXDEV when the file
// lies on another file system.
func (d *Disk) Adopt(_ context.Context, key, path string) error {
	if d.config.Sync {
		if err := flush(path); err != nil {
			return classify(err)
		}
	}
	return d.place(path, key)
}

// Open opens an object's file.
func (d *Disk) Open(_ context.Context, key string) (io.ReadSeekCloser, store.Info, error) {
	_, path := d.path(key)
	f, err := os.Open(path)
	if err != nil {
		return nil, store.Info{}, classify(err)
	}
	fi, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, store.Info{}, classify(err)
	}
	return f, info(fi), nil
}

// Stat describes an object's file.
func (d *Disk) Stat(_ context.Context, key string) (store.Info, error) {
	_, path := d.path(key)
	fi, err := os.Stat(path)
	if err != nil {
		return store.Info{}, classify(err)
	}
	return info(fi), nil
}

// Copy makes a hard link: no bytes are copied, and both have one age. On its
// way an old object looks like what an interrupted write left, and a sweeper
// may take it: then it is linked again, as long as it is there.
func (d *Disk) Copy(_ context.Context, from, to string) (err error) {
	_, source := d.path(from)
	for range sweptRetries {
		link := filepath.Join(d.temp, task.NewID())
		if err := os.Link(source, link); err != nil {
			return classify(err)
		}
		err = d.place(link, to)
		_ = os.Remove(link) // still there after a failure, or when both were one file already
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return err
}

// Delete removes an object's file.
func (d *Disk) Delete(_ context.Context, key string) (bool, error) {
	_, path := d.path(key)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, classify(err)
}

func info(fi fs.FileInfo) store.Info {
	tag := `"` + strconv.FormatInt(fi.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(fi.Size(), 36) + `"`
	return store.Info{Size: fi.Size(), ModTime: fi.ModTime(), ETag: tag}
}

// classify gives file errors their kind; faults pass.
func classify(err error) error {
	var known *fault.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.ObjectNotFound, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(fault.StorageFull, err).After(30 * time.Second)
	default:
		return fault.Wrap(fault.StorageUnavailable, err).After(5 * time.Second)
	}
}
