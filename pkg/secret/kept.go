package secret

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Keep returns the secret that is kept in a file and makes it on the first
// call: random, whole or not at all, and for its owner only. Processes that
// start together end up with the same one.
func Keep(path string) (Value, error) {
	v, err := Kept(path)
	if err != nil || !v.Empty() {
		return v, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Value{}, err
	}
	if err := create(path, rand.Text()+rand.Text()); err != nil {
		return Value{}, err
	}
	return Kept(path)
}

// Kept reads such a file. It is empty while there is no file, and a fault
// when the file is empty or others than its owner can read it: they may have.
func Kept(path string) (Value, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return Value{}, nil
	}
	if err != nil {
		return Value{}, missing(path, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return Value{}, missing(path, err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return Value{}, fault.Wrap(fault.SecretExposed, fmt.Errorf("%s: has mode %v, so others may know the secret; remove the file to get a new one", path, mode))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return Value{}, missing(path, err)
	}
	v := New(strings.TrimSpace(string(text)))
	if v.Empty() {
		return v, missing(path, errors.New("the file is empty; remove it to get a new secret"))
	}
	return v, nil
}

// create writes a file whole or not at all; when somebody else was faster,
// theirs stays.
func create(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(text + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Source gives a secret when it is needed. Of a file it is read each time: the
// file may come later, or change.
type Source struct {
	value Value
	path  string
}

// From is a source that always gives the same.
func From(v Value) Source { return Source{value: v} }

// FromFile is a source that reads what another process keeps.
func FromFile(path string) Source { return Source{path: path} }

// Missing reports whether there is neither a secret nor a file that may hold
// one.
func (s Source) Missing() bool { return s.value.Empty() && s.path == "" }

// Value is the secret as it is now. It is empty while its file is not there.
func (s Source) Value() (Value, error) {
	if s.path == "" {
		return s.value, nil
	}
	return Kept(s.path)
}
