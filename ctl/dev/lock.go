package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock makes this process the only dev on a data directory. The lock dies
// with the process, however it dies.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "dev.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, fmt.Errorf("--data: another imgctl dev runs on %s; stop it, or give another --data", dir)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("--data: lock %s: %w", f.Name(), err)
	}
	return func() { _ = f.Close() }, nil
}
