package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const readBatch = 512

// DeletePrefix removes the objects of a session whose keys begin with prefix.
// Files that we did not write stay.
func (d *Disk) DeletePrefix(ctx context.Context, prefix string) (int, error) {
	session, _, _ := strings.Cut(prefix, "/")
	return d.clean(ctx, session, func(k string, _ fs.DirEntry) bool { return strings.HasPrefix(k, prefix) })
}

// Sweep removes objects written before a moment, one session's directory
// after another, the directories that are empty then, and what interrupted
// writes left.
func (d *Disk) Sweep(ctx context.Context, before time.Time) (int, error) {
	total, err := d.sweep(ctx, before, func(string) bool { return true })
	return total, errors.Join(err, d.clearTemp())
}

// SweepRaw does the same with photos that nobody has judged.
func (d *Disk) SweepRaw(ctx context.Context, before time.Time) (int, error) {
	return d.sweep(ctx, before, store.Raw)
}

func (d *Disk) sweep(ctx context.Context, before time.Time, wanted func(key string) bool) (int, error) {
	total := 0
	var errs []error
	for session := range d.sessions(&errs) {
		if ctx.Err() != nil {
			return total, context.Cause(ctx)
		}
		n, err := d.clean(ctx, session, func(key string, e fs.DirEntry) bool {
			if !wanted(key) {
				return false
			}
			fi, err := e.Info()
			return err == nil && fi.ModTime().Before(before)
		})
		total += n
		errs = append(errs, err)
	}
	return total, errors.Join(errs...)
}

// List walks one session's directory, or that of each.
func (d *Disk) List(ctx context.Context, prefix string) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		var errs []error
		walk := d.sessions(&errs)
		if session, _, one := strings.Cut(prefix, "/"); one {
			walk = func(yield func(string) bool) { yield(session) }
		}
		for session := range walk {
			for e := range d.objects(session, &errs) {
				if ctx.Err() != nil {
					yield(store.Entry{}, context.Cause(ctx))
					return
				}
				if strings.HasPrefix(e.Key, prefix) && !yield(e, nil) {
					return
				}
			}
		}
		if err := errors.Join(errs...); err != nil {
			yield(store.Entry{}, classify(err))
		}
	}
}

// objects are those of one session. One that goes meanwhile is left out.
func (d *Disk) objects(session string, errs *[]error) iter.Seq[store.Entry] {
	return func(yield func(store.Entry) bool) {
		for e := range entries(d.sessionDir(session), errs) {
			k, ours := key(session, e.Name())
			if !ours || !e.Type().IsRegular() {
				continue
			}
			if fi, err := e.Info(); err == nil && !yield(store.Entry{Key: k, Size: fi.Size(), ModTime: fi.ModTime()}) {
				return
			}
		}
	}
}

// sessions are those that have a directory.
func (d *Disk) sessions(errs *[]error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for shard := range entries(d.root, errs) {
			if len(shard.Name()) != shardLength || !shard.IsDir() {
				continue
			}
			for session := range entries(filepath.Join(d.root, shard.Name()), errs) {
				if task.ValidID(session.Name()) && session.IsDir() && !yield(session.Name()) {
					return
				}
			}
		}
	}
}

// clean removes the chosen objects of a session, and its directory when
// nothing is left. A writer that races makes the directory again.
func (d *Disk) clean(ctx context.Context, session string, chosen func(key string, e fs.DirEntry) bool) (int, error) {
	dir := d.sessionDir(session)
	var errs []error
	removed, kept := 0, 0
	for e := range entries(dir, &errs) {
		if ctx.Err() != nil {
			return removed, context.Cause(ctx)
		}
		k, ours := key(session, e.Name())
		if !ours || !e.Type().IsRegular() || !chosen(k, e) {
			kept++
			continue
		}
		err := os.Remove(filepath.Join(dir, e.Name()))
		if err == nil {
			removed++
		} else if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if kept == 0 {
		d.known.Invalidate(dir)
		_ = os.Remove(dir) // fails when somebody wrote meanwhile, as it should
	}
	return removed, classify(errors.Join(errs...))
}

// entries walks a directory in bounded batches. A directory that is not there
// has none.
func entries(dir string, errs *[]error) func(yield func(fs.DirEntry) bool) {
	return func(yield func(fs.DirEntry) bool) {
		f, err := os.Open(dir)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				*errs = append(*errs, err)
			}
			return
		}
		defer func() { _ = f.Close() }()
		for {
			batch, err := f.ReadDir(readBatch)
			for _, e := range batch {
				if !yield(e) {
					return
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					*errs = append(*errs, err)
				}
				return
			}
		}
	}
}
