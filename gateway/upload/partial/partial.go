package partial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
	batch    = 512
)

// Config says where partial files lie and how long they are kept without a new
// byte.
type Config struct {
	Dir        string        // ours alone; on the file system of the objects a finished file is not copied
	Keep       time.Duration // since the last byte came
	SweepEvery time.Duration
	MinFree    int64      // refuse to write when less would be left, in bytes
	Room       *room.Room // of the disk, where others fill it too; nil makes one of Dir and MinFree
}

// Defaults keep them an hour.
func Defaults() Config {
	return Config{Keep: time.Hour, SweepEvery: 5 * time.Minute, MinFree: 256 << 20}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Dir == "", "data.dir: must not be empty")
	faults.If(c.Keep <= 0 || c.SweepEvery <= 0, "upload.putWithin: must be positive")
	return faults.Err()
}

// Files are the partial files of one directory, which several gateways may
// share.
type Files struct {
	config  Config
	room    *room.Room
	log     *slog.Logger
	buffers buffers
}

// Open prepares the directory.
func Open(c Config, log *slog.Logger) (*Files, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	log = cmp.Or(log, slog.New(slog.DiscardHandler))
	if err := os.MkdirAll(c.Dir, dirMode); err != nil {
		return nil, fmt.Errorf("open partial uploads: %w", err)
	}
	f := &Files{config: c, room: c.Room, log: log}
	if f.room == nil {
		f.room = room.Of(c.Dir, c.MinFree)
	}
	return f, nil
}

// Path is where an upload's file lies. Ids were validated by the caller.
func (f *Files) Path(s task.SessionID, id task.UploadID) string {
	return filepath.Join(f.config.Dir, string(s)+"."+string(id))
}

// Create begins an upload of size bytes, unless the disk has no room for it.
func (f *Files) Create(s task.SessionID, id task.UploadID, size int64) error {
	if err := f.room.Fits(size); err != nil {
		return err
	}
	file, err := os.OpenFile(f.Path(s, id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return classify(err)
	}
	return classify(file.Close())
}

// Size is how much has arrived, or fault.NotFound.
func (f *Files) Size(s task.SessionID, id task.UploadID) (int64, error) {
	fi, err := os.Stat(f.Path(s, id))
	if err != nil {
		return 0, classify(err)
	}
	return fi.Size(), nil
}

// Remove deletes an upload's file and says whether there was one.
func (f *Files) Remove(s task.SessionID, id task.UploadID) (existed bool, err error) {
	err = os.Remove(f.Path(s, id))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, classify(err)
}

// RemoveSession deletes the files of a session, also those whose record has
// expired, and says how many there were.
func (f *Files) RemoveSession(s task.SessionID) (int, error) {
	return f.clean(func(name string, _ fs.DirEntry) bool { return strings.HasPrefix(name, string(s)+".") })
}

// Run removes abandoned files until ctx ends: first at once, because the
// process may not have run when their time came.
func (f *Files) Run(ctx context.Context) error {
	for range tick.AtOnce(ctx, f.config.SweepEvery) {
		if _, err := f.Sweep(time.Now().Add(-f.config.Keep)); err != nil {
			f.log.Error("partial uploads could not be swept", "err", err)
		}
	}
	return context.Cause(ctx)
}

// Sweep removes files that no byte came to since a moment.
func (f *Files) Sweep(before time.Time) (int, error) {
	return f.clean(func(_ string, e fs.DirEntry) bool {
		fi, err := e.Info()
		return err == nil && fi.ModTime().Before(before)
	})
}

// clean removes the chosen files; those that are not ours stay.
func (f *Files) clean(chosen func(name string, e fs.DirEntry) bool) (removed int, err error) {
	dir, err := os.Open(f.config.Dir)
	if err != nil {
		return 0, classify(err)
	}
	defer func() { _ = dir.Close() }()
	var errs []error
	for {
		some, err := dir.ReadDir(batch)
		for _, e := range some {
			s, id, _ := strings.Cut(e.Name(), ".")
			if !task.ValidID(s) || !task.ValidID(id) || !e.Type().IsRegular() || !chosen(e.Name(), e) {
				continue
			}
			existed, err := f.Remove(task.SessionID(s), task.UploadID(id))
			errs = append(errs, err)
			if existed {
				removed++
			}
		}
		if err != nil || len(some) == 0 {
			return removed, errors.Join(errs...)
		}
	}
}

// Each calls see for every file with its size and the time of its last byte.
func (f *Files) Each(see func(size int64, at time.Time)) error {
	_, err := f.clean(func(_ string, e fs.DirEntry) bool {
		if fi, err := e.Info(); err == nil {
			see(fi.Size(), fi.ModTime())
		}
		return false
	})
	return err
}

// classify gives file errors their kind.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.UploadNotFound, err)
	case errors.Is(err, syscall.EWOULDBLOCK):
		return fault.Wrap(fault.UploadLocked, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(fault.StorageFull, err).After(30 * time.Second)
	default:
		return fault.Wrap(fault.StorageUnavailable, err).After(5 * time.Second)
	}
}
