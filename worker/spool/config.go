package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says where pictures are kept and how many.
type Config struct {
	Dir  string // of nobody else's; made when it is missing
	Most int64  // bytes of all pictures in it
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Most < 0, "worker.spoolSize: must not be negative, is %d", c.Most)
	return faults.Err()
}

// Check looks at the folder, should it be there already: it has to be a folder
// of this user's that nobody else may enter. It changes nothing.
func (c Config) Check() error {
	is, err := os.Lstat(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("worker.spool: %w", err)
	}
	var faults check.Faults
	faults.If(!is.IsDir(), "worker.spool: %s must be a folder", c.Dir)
	faults.If(is.IsDir() && is.Mode().Perm()&0o077 != 0, "worker.spool: others may enter %s (mode %#o): use chmod 700", c.Dir, is.Mode().Perm())
	faults.If(!ours(is), "worker.spool: %s must belong to the user that the worker runs as", c.Dir)
	return faults.Err()
}

// ours reports whether a file belongs to the user of this process.
func ours(is fs.FileInfo) bool {
	sys, known := is.Sys().(*syscall.Stat_t)
	return known && int(sys.Uid) == os.Geteuid()
}
