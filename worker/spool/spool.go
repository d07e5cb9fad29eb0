package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	suffix    = ".picture"
	unready   = ".part"         // a picture that is being written
	partKept  = time.Minute     // then its writer is gone
	lookEvery = 2 * time.Second // for what a worker left that died
	heldMost  = 256             // found entries at once: each is an open file
	saidEvery = time.Minute
	begunMost = 5 // workers that died with a picture: it may be what kills them
)

var errFull = errors.New("it is full")

// Spool is a folder of pictures that are paid for and not stored yet. Several
// workers may share one: each holds a lock on the files of its own attempts,
// which ends with its life. A nil Spool keeps nothing.
type Spool struct {
	most int64
	dir  *os.Root
	log  *slog.Logger
	said telemetry.SeldomOf

	mu    sync.Mutex
	mine  map[string]*Entry // by the name of its file: taken by an attempt
	found map[string]*Entry // left by a worker that died, and nobody has asked for it
}

// Open makes the folder, and takes up what is left in it.
func Open(c Config, log *slog.Logger) (*Spool, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("worker.spool: %w", err)
	}
	if err := c.Check(); err != nil { // made meanwhile by somebody else
		return nil, err
	}
	dir, err := os.OpenRoot(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("worker.spool: %w", err)
	}
	s := &Spool{
		most: c.Most, dir: dir, log: log, said: telemetry.SeldomOf{Every: saidEvery},
		mine: make(map[string]*Entry), found: make(map[string]*Entry),
	}
	s.look(time.Now())
	return s, nil
}

// Run looks for what other workers left, and drops what nobody wants any more,
// until ctx ends.
func (s *Spool) Run(ctx context.Context) {
	if s == nil {
		return
	}
	for now := range tick.After(ctx, lookEvery) {
		s.look(now)
	}
}

// fileOf names the file of an attempt. It says nothing of whose it is.
func fileOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + suffix
}

// Keep writes a picture, and what the vendor's part of its attempt came to. It
// returns nil when it cannot: then the picture is in memory only, and the log
// says why.
func (s *Spool) Keep(o workerrpc.Outcome, until time.Time, data []byte) *Entry {
	if s == nil {
		return nil
	}
	e, err := s.keep(o, until, data)
	if err != nil {
		if s.said.Worth("kept in memory") {
			s.log.Warn("a picture is kept in memory only: worker.spool does not take it", "err", err)
		}
		return nil
	}
	return e
}

func (s *Spool) keep(o workerrpc.Outcome, until time.Time, data []byte) (*Entry, error) {
	bytes, err := encode(o, until, data)
	if err != nil {
		return nil, err
	}
	e := &Entry{spool: s, header: header{Outcome: o, Until: until}}
	e.name = fileOf(e.key())
	s.mu.Lock()
	defer s.mu.Unlock() // one after the other, so that they do not fill it together
	if s.used()+int64(len(bytes)) > s.most {
		return nil, errFull
	}
	part := e.name + "." + task.NewID() + unready
	if e.file, err = s.write(part, bytes); err != nil {
		return nil, err
	}
	if err := s.dir.Rename(part, e.name); err != nil {
		_ = e.file.Close()
		_ = s.dir.Remove(part)
		return nil, err
	}
	s.mine[e.name] = e
	return e, nil
}

// write makes a file that is locked. It is not flushed: the process may die, and
// what the system holds does not.
func (s *Spool) write(name string, data []byte) (*os.File, error) {
	f, err := s.dir.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	if err = lock(f); err == nil {
		_, err = f.Write(data)
	}
	if err != nil {
		_ = f.Close()
		_ = s.dir.Remove(name)
		return nil, err
	}
	return f, nil
}

// used is how many bytes lie in the folder, whoever's they are.
func (s *Spool) used() (n int64) {
	for _, e := range s.list() {
		if is, err := e.Info(); err == nil {
			n += is.Size()
		}
	}
	return n
}

func (s *Spool) list() []fs.DirEntry {
	all, err := fs.ReadDir(s.dir.FS(), ".")
	if err != nil && s.said.Worth("list") {
		s.log.Warn("worker.spool cannot be read", "err", err)
	}
	return all
}

// Found names the attempts of workers that died whose pictures are here.
func (s *Spool) Found() []string {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.found))
	for _, e := range s.found {
		names = append(names, e.key())
	}
	slices.Sort(names)
	return names
}

// Take gives the picture that a dead worker left of an attempt, once; nil when
// there is none.
func (s *Spool) Take(id task.ID, number int) *Entry {
	if s == nil {
		return nil
	}
	name := fileOf(workerrpc.SpoolName(id, number))
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.found[name]
	if e == nil {
		return nil
	}
	if err := e.begin(); err != nil && s.said.Worth("begin") {
		s.log.Warn("worker.spool cannot be written", "err", err)
	}
	delete(s.found, name)
	s.mine[name] = e
	return e
}

// drop ends an entry, with its file or without.
func (s *Spool) drop(e *Entry, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if gone {
		_ = s.dir.Remove(e.name)
	}
	_ = e.file.Close()
	delete(s.mine, e.name)
	delete(s.found, e.name)
}

// look takes up what nobody holds any more, and removes what is old.
func (s *Spool) look(now time.Time) {
	for _, e := range s.list() {
		switch name := e.Name(); {
		case strings.HasSuffix(name, suffix):
			s.consider(name, now)
		case strings.HasSuffix(name, unready):
			s.clear(e, now)
		}
	}
}

// consider takes a file up unless it is held already.
func (s *Spool) consider(name string, now time.Time) {
	s.mu.Lock()
	held, mine, many := s.found[name], s.mine[name], len(s.found) >= heldMost
	s.mu.Unlock()
	switch {
	case held != nil:
		if held.expired(now) {
			held.Remove()
		}
		return
	case mine != nil, many:
		return
	}
	f, err := claim(s.dir, name)
	switch {
	case errors.Is(err, errInUse), errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		if s.said.Worth(name) {
			s.log.Warn("a file in worker.spool is left alone", "file", name, "err", err)
		}
		return
	}
	e := &Entry{spool: s, name: name, file: f}
	if e.header, err = readHeader(f); err == nil && fileOf(e.key()) != name {
		err = errCorrupt
	}
	switch {
	case err != nil:
		s.log.Warn("a picture in worker.spool is damaged and was removed", "file", name)
		e.Remove()
	case e.expired(now):
		e.Remove()
	case e.begun() >= begunMost:
		s.log.Warn("a picture in worker.spool was removed: too many workers died with it", "task", e.header.Outcome.Task, "attempt", e.header.Outcome.Number)
		e.Remove()
	default:
		s.mu.Lock()
		s.found[name] = e
		s.mu.Unlock()
		s.log.Info("a picture that a worker left is here", "task", e.header.Outcome.Task, "attempt", e.header.Outcome.Number)
	}
}

// clear removes what a writer left that died.
func (s *Spool) clear(e fs.DirEntry, now time.Time) {
	if is, err := e.Info(); err != nil || !private(is) || now.Sub(is.ModTime()) < partKept {
		return
	}
	_ = s.dir.Remove(e.Name())
}

// Close gives all pictures to the next worker that looks.
func (s *Spool) Close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	var all []*Entry
	for _, held := range []map[string]*Entry{s.mine, s.found} {
		for _, e := range held {
			all = append(all, e)
		}
	}
	s.mu.Unlock()
	for _, e := range all {
		e.Leave()
	}
	_ = s.dir.Close()
}
