package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	magic       = "imgfleet picture 1\n"
	headerMost  = 64 << 10
	pictureMost = 64 << 20
	fileMode    = 0o600
)

var (
	errForeign = errors.New("it is no file of this worker's user, or others may open it")
	errCorrupt = errors.New("it is no whole picture")
	errInUse   = errors.New("another worker has it")
)

// header stands before the bytes of a picture.
type header struct {
	Outcome workerrpc.Outcome `json:"outcome"` // of the vendor's part
	Until   time.Time         `json:"until"`   // nobody wants it after that
	Size    int               `json:"size"`
	SHA256  string            `json:"sha256"`
}

// encode puts a picture and what is known of it into one file: the magic, the
// length of the header, the header, the picture.
func encode(o workerrpc.Outcome, until time.Time, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	head, err := json.Marshal(header{Outcome: o, Until: until, Size: len(data), SHA256: hex.EncodeToString(sum[:])})
	if err != nil {
		return nil, err
	}
	if len(data) > pictureMost || len(head) > headerMost {
		return nil, fmt.Errorf("%d bytes are no picture", len(data))
	}
	out := make([]byte, 0, len(magic)+4+len(head)+len(data))
	out = binary.BigEndian.AppendUint32(append(out, magic...), uint32(len(head)))
	return append(append(out, head...), data...), nil
}

// readHeader reads to where the picture begins.
func readHeader(r io.Reader) (h header, err error) {
	start := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, start); err != nil || !bytes.HasPrefix(start, []byte(magic)) {
		return h, errCorrupt
	}
	n := binary.BigEndian.Uint32(start[len(magic):])
	if n > headerMost {
		return h, errCorrupt
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(r, head); err != nil || json.Unmarshal(head, &h) != nil {
		return h, errCorrupt
	}
	if o := h.Outcome; !task.ValidID(string(o.Task)) || o.Number < 1 || h.Size < 0 || h.Size > pictureMost {
		return h, errCorrupt
	}
	return h, nil
}

// readPicture reads the rest, which must be what the header says.
func readPicture(r io.Reader, h header) ([]byte, error) {
	data := make([]byte, h.Size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, errCorrupt
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != h.SHA256 {
		return nil, errCorrupt
	}
	return data, nil
}

// claim opens a file and takes it for this process. It follows no link, waits
// for no pipe, and refuses what anybody else could have put there.
func claim(dir *os.Root, name string) (*os.File, error) {
	is, err := dir.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !private(is) {
		return nil, errForeign
	}
	f, err := dir.OpenFile(name, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := take(dir, f, name); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func take(dir *os.Root, f *os.File, name string) error {
	is, err := f.Stat()
	if err != nil {
		return err
	}
	if !private(is) {
		return errForeign
	}
	if err := lock(f); err != nil {
		return errInUse
	}
	if now, err := dir.Lstat(name); err != nil || !os.SameFile(is, now) {
		return fs.ErrNotExist // its owner was done with it meanwhile
	}
	return nil
}

// private reports whether a file is one of ours, under one name, that nobody
// else may open.
func private(is fs.FileInfo) bool {
	sys, known := is.Sys().(*syscall.Stat_t)
	return known && is.Mode().IsRegular() && is.Mode().Perm()&0o077 == 0 && sys.Nlink == 1 && ours(is)
}

// lock takes a file for as long as it is open: the system gives it back when
// the process ends, however it does.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
