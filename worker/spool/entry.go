package spool

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Entry is a picture in the spool that this worker has taken. A nil one is a
// picture that is in memory only.
type Entry struct {
	spool   *Spool
	name    string // of the file
	header  header
	release sync.Once
	file    *os.File // locked while it is open
}

// Outcome is what the vendor's part of the attempt came to.
func (e *Entry) Outcome() workerrpc.Outcome { return e.header.Outcome }

// Read reads the picture. A file that is damaged is removed.
func (e *Entry) Read() ([]byte, error) {
	_, err := e.file.Seek(0, io.SeekStart)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(e.file)
	if err == nil && h.Outcome.Task != e.header.Outcome.Task {
		err = errCorrupt
	}
	var data []byte
	if err == nil {
		data, err = readPicture(e.file, h)
	}
	if errors.Is(err, errCorrupt) {
		e.spool.log.Warn("a picture in worker.spool is damaged and was removed", "file", e.name)
		e.Remove()
	}
	return data, err
}

// begin notes in the file, behind the picture, that a worker begins with it.
func (e *Entry) begin() error {
	_, err := e.file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = e.file.Write([]byte{'+'})
	}
	return err
}

// begun is how many workers have begun with it and ended without an end of it.
func (e *Entry) begun() int64 {
	at, err := e.file.Seek(0, io.SeekCurrent) // behind the header
	is, staterr := e.file.Stat()
	if err != nil || staterr != nil {
		return 0
	}
	return is.Size() - at - int64(e.header.Size)
}

// Remove ends the entry: the picture is stored, or nobody wants it any more.
func (e *Entry) Remove() {
	if e != nil {
		e.release.Do(func() { e.spool.drop(e, true) })
	}
}

// Leave gives the picture to the next worker that looks.
func (e *Entry) Leave() {
	if e != nil {
		e.release.Do(func() { e.spool.drop(e, false) })
	}
}

func (e *Entry) expired(now time.Time) bool { return now.After(e.header.Until) }

func (e *Entry) key() string {
	return workerrpc.SpoolName(e.header.Outcome.Task, e.header.Outcome.Number)
}
